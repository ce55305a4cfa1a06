#include <stdio.h>
#include <string.h>

#include "cross_tests.h"

/* Compares every row of the transforms with the scalar one, for every form. */

enum { MAX_CHANNELS = 37, VECTOR = 16, STRIDE = MAX_CHANNELS + VECTOR, MAX_ROWS = 3 };
enum { MAX_PLACES = PC_MAX_TRANSFORM_SIDE * PC_MAX_TRANSFORM_SIDE };

/* A result of the scalar row, whose terms are `count` numbers `step` apart. */
static quantity same_as(float result, const float *terms, size_t count, size_t step) {
  quantity y = {result, 0};
  for (size_t i = 0; i < count; i++) y.magnitude += fabs((double)terms[i * step]);
  return y;
}

static void test_load(
    const pc_transform_kernel *rows[2], size_t form, const pc_transform_form_size *size,
    size_t channels, int is_scaled, report *r) {
  static const ptrdiff_t depth[2][2] = {{3, 5}, {-1, 4}};
  const size_t count = size->window * size->window, side = size->values;
  const size_t stride = STRIDE + 5;
  const float *data = random_floats(count * channels);
  const float *scales = is_scaled ? random_floats(count) : NULL;
  const float *pixels[MAX_PLACES];
  float *values[2];
  for (size_t i = 0; i < count; i++) pixels[i] = data + i * channels;
  for (size_t row = 0; row < 2; row++) {
    values[row] = guarded_floats(side * side * stride);
    rows[row]->load[form](pixels, scales, pixels, channels, values[row], stride, depth);
  }
  r->cases++;
  for (size_t i = 0; i < side * side; i++) {
    const ptrdiff_t place = depth[i / side + 1 == side][i % side + 1 == side];
    const size_t first = i * stride + (size_t)place;
    for (size_t k = 0; place >= 0 && k < channels; k++) {
      const quantity y = same_as(values[1][first + k], data + k, count, channels);
      check(r, values[0][first + k], y, count, size->name);
    }
  }
}

static void test_sum(
    const pc_transform_kernel *rows[2], size_t form, const pc_transform_form_size *size,
    size_t columns, int adds, report *r) {
  const size_t count = size->products * size->products, side = size->outputs;
  const float *products = random_floats(count * STRIDE);
  const float *before = random_floats(side * side * STRIDE);
  float *sums[2];
  for (size_t row = 0; row < 2; row++) {
    sums[row] = guarded_floats(side * side * STRIDE);
    memcpy(sums[row], before, side * side * STRIDE * sizeof *before);
    rows[row]->sum[form](products, STRIDE, columns, sums[row], side * STRIDE, STRIDE, adds);
  }
  r->cases++;
  for (size_t i = 0; i < side * side; i++)
    for (size_t c = 0; c < columns; c++) {
      const quantity y = same_as(sums[1][i * STRIDE + c], products + c, count, STRIDE);
      check(r, sums[0][i * STRIDE + c], y, count, size->name);
    }
}

/* The rows round alike here, so that bits are the same. */
static void test_finish(
    const pc_transform_kernel *rows[2], size_t columns, pc_activation activation, report *r) {
  const float *sums = random_floats(MAX_ROWS * STRIDE);
  pc_tile tile = {
      .rows = MAX_ROWS, .columns = columns, .output_stride = columns,
      .scale = pick(2) ? random_floats(columns) : NULL,
      .ratio = pick(2) ? random_floats(MAX_ROWS) : NULL, .bias_count = 2,
      .bias = {random_floats(columns), random_floats(columns)}, .plane = {random_floats(MAX_ROWS)},
      .activation = activation, .slope = 0.2f};
  float *outputs[2];
  for (size_t row = 0; row < 2; row++) {
    outputs[row] = guarded_floats(MAX_ROWS * columns);
    tile.output = outputs[row];
    rows[row]->finish(&tile, sums, STRIDE);
  }
  r->cases++;
  for (size_t i = 0; i < MAX_ROWS * columns; i++)
    check_that(r, memcmp(outputs[0] + i, outputs[1] + i, sizeof(float)) == 0, "finish");
}

static void test_row(
    const pc_transform_kernel *kernel, const pc_transform_kernel *scalar, report *r) {
  const pc_transform_kernel *rows[2] = {kernel, scalar};
  size_t count;
  const pc_transform_form_size *sizes = pc_transform_forms(&count);
  seed(4);
  for (size_t channels = 1; channels <= MAX_CHANNELS; channels++)
    for (size_t form = 0; form < count; form++) {
      for (int flag = 0; flag < 2; flag++) {
        test_load(rows, form, sizes + form, channels, flag, r);
        test_sum(rows, form, sizes + form, channels, flag, r);
        test_finish(rows, channels, (pc_activation)(form % 3), r);
      }
      release();
    }
}

long test_transforms(char *const *wanted, int wanted_count) {
  size_t count;
  const pc_transform_kernel *const *rows = pc_transform_kernels(&count);
  long faults = 0;
  for (size_t i = 0; i < count; i++) {
    report r = {.name = "transforms"};
    if (!pc_isa_is_supported(rows[i]->isa)) continue;
    test_row(rows[i], rows[count - 1], &r);
    print_report(rows[i]->isa, &r);
    faults += r.wrong;
  }
  for (int j = 0; j < wanted_count; j++) {
    int is_tested = 0;
    for (size_t i = 0; i < count; i++)
      is_tested |= strcmp(rows[i]->isa, wanted[j]) == 0 && pc_isa_is_supported(wanted[j]);
    if (is_tested) continue;
    printf("transforms: no row of the wanted set %s was tested\n", wanted[j]);
    faults++;
  }
  return faults;
}
