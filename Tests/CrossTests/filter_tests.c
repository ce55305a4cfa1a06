#include <string.h>

#include "cross_tests.h"

/* Compares the transformed weights of a row with those of the scalar one: f64 holds what they round
 * alike, so that bits are the same. */

enum { MAX_PRODUCTS = PC_MAX_TRANSFORM_SIDE * PC_MAX_TRANSFORM_SIDE };

static void test_panels(
    const pc_transform_kernel *rows[2], size_t form, const char *name, size_t products,
    pc_transform_filters *filters, report *r) {
  const pc_arithmetic arithmetic = rows[0]->arithmetic;
  const size_t size = arithmetic == PC_U8S8 ? sizeof(float) : pc_number_size(arithmetic);
  const size_t bytes = filters->channels * filters->columns * size;
  char *panels[2][MAX_PRODUCTS] = {{NULL}};
  for (size_t p = 0; p < products; p++)
    for (size_t row = 0; row < 2 && p % 5 != 3; row++) panels[row][p] = guarded(bytes);
  for (size_t row = 0; row < 2; row++) {
    filters->panels = (void *const *)panels[row];
    rows[row]->weights[form](filters);
  }
  r->cases++;
  for (size_t p = 0; p < products; p++)
    if (panels[0][p]) check_that(r, memcmp(panels[0][p], panels[1][p], bytes) == 0, name);
}

void test_filters(
    const pc_transform_kernel *rows[2], size_t form, const pc_transform_form_size *size,
    size_t channels, report *r) {
  const pc_arithmetic arithmetic = rows[0]->arithmetic;
  const size_t stride = 1 + pick(2), kernel = size->taps * stride, area = kernel * kernel;
  const size_t group = arithmetic == PC_BF16 && channels % 2 == 0 ? 2 : 1;
  const size_t columns = 16 << pick(2);
  const size_t outputs = columns - pick(columns / 2);
  pc_transform_filters filters = {
      .weights = random_numbers(arithmetic, outputs * channels * area),
      .output_stride = channels * area,
      .channel_stride = area,
      .tap_stride = {stride * kernel, stride},
      .taps = {size->taps - pick(2), size->taps - pick(2)},
      .channels = channels,
      .outputs = outputs,
      .columns = columns,
      .group = group,
  };
  test_panels(rows, form, size->name, size->products * size->products, &filters, r);
}
