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

enum { ZERO_POINT = 100 };
static const float byte_scale = 0.02f;

/* A number of a picture or of a value. */
static float number_at(pc_arithmetic arithmetic, const char *numbers, size_t place) {
  float x;
  if (arithmetic == PC_U8S8)
    return (float)((int)((const uint8_t *)numbers)[place] - ZERO_POINT) * byte_scale;
  if (arithmetic == PC_F32) {
    memcpy(&x, numbers + place * sizeof x, sizeof x);
    return x;
  }
  uint16_t half;
  memcpy(&half, numbers + place * sizeof half, sizeof half);
  const uint32_t bits = (uint32_t)half << 16;
  memcpy(&x, &bits, sizeof x);
  return x;
}

char *random_numbers(pc_arithmetic arithmetic, size_t count) {
  const size_t size = pc_number_size(arithmetic);
  char *numbers = guarded(count * size);
  for (size_t i = 0; i < count; i++) {
    const float x = uniform();
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint16_t half = (uint16_t)(bits >> 16);
    if (arithmetic == PC_U8S8) numbers[i] = (char)pick(256);
    else if (arithmetic == PC_F32) memcpy(numbers + i * size, &x, size);
    else memcpy(numbers + i * size, &half, size);
  }
  return numbers;
}

/* bf16 values may be rounded to neighbours. */
static void check_value(
    report *r, pc_arithmetic arithmetic, float actual, quantity y, size_t count,
    const char *what) {
  if (arithmetic == PC_F32) return check(r, actual, y, count, what);
  const double limit = 0x1p-7 * fabs(y.value) + 0x1p-20 * y.magnitude;
  check_that(r, fabs((double)actual - y.value) <= limit, what);
}

static void test_load(
    const pc_transform_kernel *rows[2], size_t form, const pc_transform_form_size *size,
    size_t channels, int is_scaled, report *r) {
  const pc_transform_source source = {
      .channels = channels, .depth = {{3, 5}, {-1, 4}}, .scale = byte_scale,
      .zero_point = ZERO_POINT};
  const pc_arithmetic arithmetic = rows[0]->arithmetic;
  const pc_arithmetic kind = arithmetic == PC_U8S8 ? PC_F32 : arithmetic;
  const size_t number_size = pc_number_size(arithmetic);
  const size_t count = size->window * size->window, side = size->values;
  const size_t stride = STRIDE + 5;
  const char *data = random_numbers(arithmetic, count * channels);
  const float *scales = is_scaled ? random_floats(count) : NULL;
  const void *pixels[MAX_PLACES];
  float terms[MAX_PLACES * MAX_CHANNELS];
  char *values[2];
  for (size_t i = 0; i < count; i++) pixels[i] = data + i * channels * number_size;
  for (size_t i = 0; i < count * channels; i++) terms[i] = number_at(arithmetic, data, i);
  for (size_t row = 0; row < 2; row++) {
    values[row] = guarded(side * side * stride * pc_number_size(kind));
    rows[row]->load[form](pixels, scales, pixels, &source, values[row], stride);
  }
  r->cases++;
  for (size_t i = 0; i < side * side; i++) {
    const ptrdiff_t place = source.depth[i / side + 1 == side][i % side + 1 == side];
    const size_t first = i * stride + (size_t)place;
    for (size_t k = 0; place >= 0 && k < channels; k++) {
      const quantity y =
          same_as(number_at(kind, values[1], first + k), terms + k, count, channels);
      check_value(r, kind, number_at(kind, values[0], first + k), y, count, size->name);
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

/* Whether each output takes the products that its form says, and no other. */
static void test_products_of_outputs(
    const pc_transform_kernel *kernel, size_t form, const pc_transform_form_size *size,
    report *r) {
  const size_t side = size->products, count = side * side, outputs = size->outputs;
  float *products = guarded_floats(count * VECTOR);
  float *sums = guarded_floats(outputs * outputs * VECTOR);
  r->cases++;
  for (size_t p = 0; p < count; p++) {
    memset(products, 0, count * VECTOR * sizeof *products);
    products[p * VECTOR] = 1;
    kernel->sum[form](products, VECTOR, 1, sums, outputs * VECTOR, VECTOR, 0);
    for (size_t o = 0; o < outputs * outputs; o++) {
      const int takes = size->products_of_output[o / outputs] >> p / side &
                        size->products_of_output[o % outputs] >> p % side & 1;
      check_that(r, (sums[o * VECTOR] != 0) == takes, "products of outputs");
    }
  }
}

/* The rows round alike here, so that bits are the same. Results that stream are whole lines. */
static void test_finish(
    const pc_transform_kernel *rows[2], size_t columns, pc_activation activation,
    pc_storage storage, int streams, report *r) {
  const size_t pitch = streams ? PC_MAX_TILE_COLUMNS : columns;
  const size_t bytes = MAX_ROWS * pitch * pc_stored_size(storage);
  const float *sums = random_floats(MAX_ROWS * STRIDE);
  pc_tile tile = {
      .rows = MAX_ROWS, .columns = columns, .output_stride = pitch,
      .scale = pick(2) ? random_floats(columns) : NULL,
      .ratio = pick(2) ? random_floats(MAX_ROWS) : NULL, .bias_count = 2,
      .bias = {random_floats(columns), random_floats(columns)}, .plane = {random_floats(MAX_ROWS)},
      .activation = activation, .slope = 0.2f, .storage = storage, .reciprocal = 40,
      .zero_point = 100};
  _Alignas(64) char lines[2][MAX_ROWS * PC_MAX_TILE_COLUMNS * sizeof(float)] = {{0}};
  char *outputs[2];
  for (size_t row = 0; row < 2; row++) {
    outputs[row] = streams ? lines[row] : guarded(bytes);
    tile.output = outputs[row];
    rows[row]->finish(&tile, sums, STRIDE, row == 0 && streams);
  }
  pc_store_fence();
  r->cases++;
  for (size_t i = 0; i < bytes; i++) check_that(r, outputs[0][i] == outputs[1][i], "finish");
}

static void test_row(
    const pc_transform_kernel *kernel, const pc_transform_kernel *scalar, report *r) {
  const pc_transform_kernel *rows[2] = {kernel, scalar};
  size_t count;
  const pc_transform_form_size *sizes = pc_transform_forms(&count);
  seed(4);
  test_multiply(kernel, r);
  for (size_t form = 0; form < count; form++)
    test_products_of_outputs(kernel, form, sizes + form, r);
  release();
  for (size_t channels = 1; channels <= MAX_CHANNELS; channels++)
    for (size_t form = 0; form < count; form++) {
      for (int flag = 0; flag < 2; flag++) {
        test_load(rows, form, sizes + form, channels, flag, r);
        test_sum(rows, form, sizes + form, channels, flag, r);
        if (channels <= PC_MAX_TILE_COLUMNS)
          test_finish(
              rows, channels, (pc_activation)(channels % 3), (pc_storage)(form % 3), flag, r);
      }
      test_filters(rows, form, sizes + form, channels, r);
      if (kernel->round_values) test_rounding(rows, sizes + form, channels, r);
      release();
    }
}

static long test_family(
    const pc_transform_kernel *const *rows, size_t count, const char *name) {
  long faults = 0;
  for (size_t i = 0; i < count; i++) {
    report r = {.name = name};
    if (!pc_isa_is_supported(rows[i]->isa)) continue;
    test_row(rows[i], rows[count - 1], &r);
    print_report(rows[i]->isa, &r);
    faults += r.wrong;
  }
  return faults;
}

long test_transforms(char *const *wanted, int wanted_count) {
  size_t count;
  const pc_transform_kernel *const *rows = pc_bf16_transform_kernels(&count);
  long faults = test_family(rows, count, "bf16 transforms");
  rows = pc_u8_transform_kernels(&count);
  faults += test_family(rows, count, "u8 transforms");
  rows = pc_transform_kernels(&count);
  faults += test_family(rows, count, "transforms");
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
