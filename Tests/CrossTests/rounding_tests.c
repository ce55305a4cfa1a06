#include <string.h>

#include "cross_tests.h"

/* Compares what a row rounds to 8 bits with what the scalar one does. A number halfway between two
 * may go either way, as some sets add and multiply in one step. */

enum { VECTOR = 16, MAX_PLACES = PC_MAX_TRANSFORM_SIDE * PC_MAX_TRANSFORM_SIDE, GROUP = 4 };

/* Of `number`, rounded to `rounded` times `scale`, at most 127 of which it is. */
static void check_rounded(report *r, float number, int rounded, float scale, const char *what) {
  const double difference = fabs((double)number - (double)rounded * (double)scale);
  check_that(r, rounded >= -127 && rounded <= 127, what);
  check_that(r, difference <= 0.5001 * (double)scale, what);
}

static void test_values(
    const pc_transform_kernel *rows[2], const pc_transform_form_size *size, size_t channels,
    report *r) {
  const size_t side = size->values, stride = channels + 2 * VECTOR, count = side * side;
  const size_t depth[2][2] = {{channels, (channels + 1) / 2}, {0, channels}};
  const float *numbers = random_floats(count * stride);
  float scales[2][MAX_PLACES];
  r->cases++;
  for (size_t row = 0; row < 2; row++) {
    float *values = guarded_floats(count * stride);
    uint8_t *rounded = guarded(count * stride);
    memcpy(values, numbers, count * stride * sizeof *values);
    rows[row]->round_values(values, stride, side, depth, rounded, stride, scales[row], 1);
    for (size_t v = 0; v < count; v++) {
      const size_t live = depth[v / side + 1 == side][v % side + 1 == side];
      for (size_t k = 0; k < live; k++)
        check_rounded(
            r, numbers[v * stride + k], (int)rounded[v * stride + k] - 128, scales[row][v],
            "values");
    }
  }
  check_that(r, memcmp(scales[0], scales[1], count * sizeof(float)) == 0, "scales of values");
}

static void test_weights(const pc_transform_kernel *rows[2], size_t channels, report *r) {
  const size_t columns = 16 << pick(2), depth = GROUP * channels, count = depth * columns;
  const size_t group = pick(2) ? GROUP : 1;
  float *weights = random_floats(count);
  for (size_t k = 0; k < depth; k++) weights[k * columns + 3] = 0;
  float scales[2][PC_MAX_TILE_COLUMNS];
  r->cases++;
  for (size_t row = 0; row < 2; row++) {
    int8_t *rounded = guarded(count);
    int32_t corrections[PC_MAX_TILE_COLUMNS];
    rows[row]->round_weights(weights, depth, columns, group, rounded, corrections, scales[row]);
    for (size_t c = 0; c < columns; c++) {
      int32_t sum = 0;
      for (size_t k = 0; k < depth; k++) {
        const int weight = rounded[k / group * group * columns + c * group + k % group];
        check_rounded(r, weights[k * columns + c], weight, scales[row][c], "weights");
        sum += weight;
      }
      check_that(r, corrections[c] == -128 * sum, "corrections");
    }
  }
  check_that(
      r, memcmp(scales[0], scales[1], columns * sizeof(float)) == 0, "scales of weights");
}

void test_rounding(
    const pc_transform_kernel *rows[2], const pc_transform_form_size *size, size_t channels,
    report *r) {
  test_values(rows, size, channels, r);
  test_weights(rows, channels, r);
}
