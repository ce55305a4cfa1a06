#include <string.h>

#include "cross_tests.h"

/* Runs tiles of numbers of fewer bits, of every size and every kind of storage, against loops over
 * doubles. Integer sums, whose numbers lie at the ends of their range too, must be exact. */

enum { TAPS = 2, MAX_DEPTH = 2 * 68 };

static const int32_t zero_point = 7;
static const float step = 0.03f;

/* A tile of two taps. `weights` is [columns][channels][taps], and numbers are worth `values`. */
typedef struct {
  pc_tile tile;
  pc_segment segments[TAPS];
  pc_integer_part part;
  size_t channels;
  double weights[PC_MAX_TILE_COLUMNS][MAX_DEPTH];
  double pixels[TAPS][PC_MAX_TILE_ROWS][MAX_DEPTH];
} narrow_case;

static uint16_t random_bf16(double *value) {
  const float x = uniform();
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits &= 0xFFFF0000;
  float rounded;
  memcpy(&rounded, &bits, sizeof rounded);
  *value = (double)rounded;
  return (uint16_t)(bits >> 16);
}

static int32_t random_integer(int32_t smallest, int32_t largest, double *value) {
  const size_t kind = pick(4);
  const int32_t x = kind == 0   ? smallest
                    : kind == 1 ? largest
                                : smallest + (int32_t)pick((size_t)(largest - smallest + 1));
  *value = x;
  return x;
}

static void store_random(pc_arithmetic arithmetic, int is_weight, char *to, double *value) {
  if (arithmetic == PC_BF16) {
    const uint16_t stored = random_bf16(value);
    memcpy(to, &stored, sizeof stored);
  } else {
    const int32_t x = is_weight ? random_integer(-127, 127, value) : random_integer(0, 255, value);
    *to = (char)x;
  }
}

static void make_pixels(const pc_tile_kernel *kernel, size_t channels, narrow_case *t) {
  const size_t size = pc_number_size(kernel->arithmetic);
  const size_t padded = pc_padded_channels(kernel, channels);
  for (size_t s = 0; s < TAPS; s++) {
    char *pixels = guarded(t->tile.rows * padded * size);
    t->segments[s].channels = padded;
    t->segments[s].depth = s * padded;
    for (size_t r = 0; r < t->tile.rows; r++, pixels += padded * size) {
      t->segments[s].rows[r] = pixels;
      memset(pixels, 0, padded * size);
      for (size_t k = 0; k < channels; k++)
        store_random(kernel->arithmetic, 0, pixels + k * size, &t->pixels[s][r][k]);
    }
  }
}

static void make_weights(const pc_tile_kernel *kernel, size_t channels, narrow_case *t) {
  const size_t size = pc_number_size(kernel->arithmetic);
  const size_t columns = t->tile.columns;
  char *weights = guarded(columns * channels * TAPS * size);
  const pc_weights unpacked = {
      .weights = weights, .outputs = columns, .part_channels = &channels, .part_count = 1,
      .taps = TAPS};
  for (size_t c = 0; c < columns; c++)
    for (size_t k = 0; k < channels * TAPS; k++, weights += size)
      store_random(kernel->arithmetic, 1, weights, &t->weights[c][k]);
  void *packed = guarded(pc_packed_weight_count(kernel, &unpacked) * size);
  pc_pack_weights(kernel, &unpacked, packed);
  t->tile.weights = packed;
  t->tile.total_depth = TAPS * pc_padded_channels(kernel, channels);
  int32_t *correction = guarded(kernel->columns * sizeof *correction);
  for (size_t c = 0; c < kernel->columns; c++) correction[c] = (int32_t)pick(20000) - 10000;
  t->part.scale = 0x1p-12f;
  t->part.correction = correction;
}

static void make_case(
    const pc_tile_kernel *kernel, size_t channels, size_t rows, size_t columns, narrow_case *t) {
  memset(t, 0, sizeof *t);
  t->channels = channels;
  t->tile = (pc_tile){
      .segments = t->segments, .segment_count = TAPS, .part_count = 1, .segments_per_part = TAPS,
      .integer_parts = &t->part, .rows = rows, .columns = columns, .output_stride = columns,
      .reciprocal = 1 / step, .zero_point = zero_point};
  make_pixels(kernel, channels, t);
  make_weights(kernel, channels, t);
  t->tile.scale = random_floats(columns);
  t->tile.bias_count = 1;
  t->tile.bias[0] = random_floats(columns);
  t->tile.activation = PC_ACTIVATION_LEAKY_RELU;
  t->tile.slope = 0.2f;
}

static quantity sum(const narrow_case *t, pc_arithmetic arithmetic, size_t r, size_t c) {
  quantity y = {0, 0};
  if (arithmetic == PC_U8S8) y = plus(y, t->part.correction[c]);
  for (size_t s = 0; s < TAPS; s++)
    for (size_t k = 0; k < t->channels; k++)
      y = plus(y, t->pixels[s][r][k] * t->weights[c][k * TAPS + s]);
  return y;
}

static void check_stored(
    const narrow_case *t, pc_arithmetic arithmetic, size_t r, size_t c, report *result) {
  const size_t place = r * t->tile.output_stride + c;
  quantity y = sum(t, arithmetic, r, c);
  if (t->tile.storage == PC_STORE_I32) {
    const int32_t exact = ((const int32_t *)t->tile.output)[place];
    return check_that(result, (double)exact == y.value, "an integer sum is not exact");
  }
  if (arithmetic == PC_U8S8) y = times(y, (double)t->part.scale);
  y = plus(times(y, (double)t->tile.scale[c]), (double)t->tile.bias[0][c]);
  y = activated(y, t->tile.activation, (double)t->tile.slope);
  const double slack = 0x1p-18 * y.magnitude;
  if (t->tile.storage == PC_STORE_F32)
    return check(
        result, ((const float *)t->tile.output)[place], y, TAPS * t->channels, "a narrow tile");
  if (t->tile.storage == PC_STORE_BF16) {
    const uint32_t bits = (uint32_t)((const uint16_t *)t->tile.output)[place] << 16;
    float stored;
    memcpy(&stored, &bits, sizeof stored);
    const double difference = fabs((double)stored - y.value);
    return check_that(result, difference <= 0x1p-8 * fabs(y.value) + slack, "stored as bf16");
  }
  const double wanted = fmin(fmax(y.value / (double)step + zero_point, 0), 255);
  const double difference = fabs(((const uint8_t *)t->tile.output)[place] - wanted);
  check_that(result, difference <= 0.5 + slack / (double)step, "stored as u8");
}

void test_narrow_tiles(const pc_tile_kernel *kernel, report *r) {
  static const size_t channels[] = {1, 3, 4, 16, 17, 67};
  const pc_storage last = kernel->arithmetic == PC_U8S8 ? PC_STORE_I32 : PC_STORE_U8;
  static narrow_case t;
  seed(5);
  for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
    for (size_t rows = 1; rows <= kernel->rows; rows++)
      for (size_t columns = 1; columns <= kernel->columns; columns++) {
        make_case(kernel, channels[i], rows, columns, &t);
        for (int storage = PC_STORE_F32; storage <= (int)last; storage++) {
          static const size_t sizes[] = {4, 2, 1, 4};
          t.tile.storage = (pc_storage)storage;
          t.tile.output = guarded(rows * columns * sizes[storage]);
          kernel->run(&t.tile);
          r->cases++;
          for (size_t row = 0; row < rows; row++)
            for (size_t c = 0; c < columns; c++)
              check_stored(&t, kernel->arithmetic, row, c, r);
        }
        release();
      }
}
