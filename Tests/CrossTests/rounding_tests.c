#include <string.h>

#include "cross_tests.h"

/* Compares what a row rounds to 8 bits with what the scalar one does. A number halfway between two
 * may go either way, as some sets add and multiply in one step. */

enum { VECTOR = 16, MAX_PLACES = PC_MAX_TRANSFORM_SIDE * PC_MAX_TRANSFORM_SIDE };
enum { GROUP = 4, PITCH = 3 };

/* Of `number`, rounded to `rounded` times `scale`; its magnitude. */
static int check_rounded(report *r, float number, int rounded, float scale, const char *what) {
  const double difference = fabs((double)number - (double)rounded * (double)scale);
  check_that(r, difference <= 0.5001 * (double)scale, what);
  return rounded < 0 ? -rounded : rounded;
}

static int larger(int x, int y) { return x > y ? x : y; }

static void test_values(
    const pc_transform_kernel *rows[2], const pc_transform_form_size *size, size_t channels,
    report *r) {
  const size_t side = size->values, stride = channels + 2 * VECTOR, count = side * side;
  const size_t depth[2][2] = {{channels, (channels + 1) / 2}, {0, channels}};
  float *numbers = random_floats(count * stride);
  memset(numbers, 0, stride * sizeof *numbers);
  float scales[2][PITCH * MAX_PLACES] = {{0}};
  r->cases++;
  for (size_t row = 0; row < 2; row++) {
    float *values = guarded_floats(count * stride);
    uint8_t *rounded = guarded(count * stride);
    memcpy(values, numbers, count * stride * sizeof *values);
    rows[row]->round_values(values, stride, side, depth, rounded, stride, scales[row], PITCH);
    for (size_t v = 0; v < count; v++) {
      const size_t live = depth[v / side + 1 == side][v % side + 1 == side];
      int largest = 0;
      for (size_t k = 0; k < live; k++)
        largest = larger(
            largest, check_rounded(
                         r, numbers[v * stride + k], (int)rounded[v * stride + k] - 128,
                         scales[row][PITCH * v], "values"));
      check_that(r, largest == (v == 0 || live == 0 ? 0 : 127), "the largest of values");
    }
  }
  check_that(r, memcmp(scales[0], scales[1], sizeof scales[0]) == 0, "scales of values");
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
      int largest = 0;
      for (size_t k = 0; k < depth; k++) {
        const int weight = rounded[k / group * group * columns + c * group + k % group];
        largest = larger(
            largest,
            check_rounded(r, weights[k * columns + c], weight, scales[row][c], "weights"));
        sum += weight;
      }
      check_that(r, largest == (c == 3 ? 0 : 127), "the largest of weights");
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
