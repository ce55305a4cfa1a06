/* The transforms for one width of vectors: a file per instruction set and numbers defines LANES,
 * PC_TRANSFORM_ISA and PC_TRANSFORM_SYMBOL and includes this. For bf16 numbers it also defines
 * PC_TRANSFORM_BF16, and PC_ROUND_BF16(lanes) where the set has an instruction for it, for u8
 * pictures and i8 weights PC_TRANSFORM_U8; PC_TRANSFORM_MULTIPLY is its `multiply` where there is
 * one.
 *
 * The points are 0, 1, -1, i, -i and infinity, or 0, +-sqrt(1/2), +-sqrt(2) and infinity, whose
 * values stay of like size, or 0, +-1, +-2, +-1/2 and infinity. With M the product of x - a over
 * the finite points a, value k is the sum of the data weighted with the coefficients of M / (x -
 * a_k), and that at infinity with those of M. */

#include <string.h>

#include "../pc_narrow.h"
#include "pc_transform.h"

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

enum { SIDE = PC_MAX_TRANSFORM_SIDE };

typedef float lanes __attribute__((ext_vector_type(LANES)));
typedef uint32_t words __attribute__((ext_vector_type(LANES)));
typedef int32_t integers __attribute__((ext_vector_type(LANES)));
typedef uint16_t half_words __attribute__((ext_vector_type(LANES)));
typedef uint8_t bytes __attribute__((ext_vector_type(LANES)));

INLINE lanes load(const float *from) {
  lanes x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE void store(float *to, lanes x) { memcpy(to, &x, sizeof x); }

INLINE lanes load_some(const float *from, size_t count) {
  if (count >= LANES) return load(from);
  lanes x = 0;
  for (size_t k = 0; k < count; k++) x[k] = from[k];
  return x;
}

INLINE void store_some(float *to, lanes x, size_t count) {
  if (count >= LANES) return store(to, x);
  for (size_t k = 0; k < count; k++) to[k] = x[k];
}

/* `pc_bf16_stored` of each lane. */
INLINE half_words bf16_stored(lanes x) {
  words bits;
  memcpy(&bits, &x, sizeof bits);
  const words rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return __builtin_convertvector(x != x ? bits >> 16 | 0x40 : rounded, half_words);
}

#if defined(PC_TRANSFORM_BF16)
#define PC_TRANSFORM_ARITHMETIC PC_BF16
typedef uint16_t number, weight, value, panel_number;

INLINE lanes load_numbers(const number *from) {
  half_words x;
  memcpy(&x, from, sizeof x);
  const words bits = __builtin_convertvector(x, words) << 16;
  lanes y;
  memcpy(&y, &bits, sizeof y);
  return y;
}

#ifndef PC_ROUND_BF16
#define PC_ROUND_BF16 bf16_stored
#endif

INLINE void store_values(value *to, lanes x) {
  const half_words y = PC_ROUND_BF16(x);
  memcpy(to, &y, sizeof y);
}
#elif defined(PC_TRANSFORM_U8)
#define PC_TRANSFORM_ARITHMETIC PC_U8S8
typedef uint8_t number;
typedef int8_t weight;
typedef float value, panel_number;

INLINE lanes load_numbers(const number *from) {
  bytes x;
  memcpy(&x, from, sizeof x);
  return __builtin_convertvector(x, lanes);
}

INLINE void store_values(value *to, lanes x) { store(to, x); }
#else
#define PC_TRANSFORM_ARITHMETIC PC_F32
typedef float number, weight, value, panel_number;

INLINE lanes load_numbers(const number *from) { return load(from); }
INLINE void store_values(value *to, lanes x) { store(to, x); }
#endif

/* What numbers of a source mean. */
INLINE lanes meaning_of(lanes x, const pc_transform_source *source) {
#ifdef PC_TRANSFORM_U8
  return (x - (float)source->zero_point) * source->scale;
#else
  (void)source;
  return x;
#endif
}

/* Data to values. */
INLINE void at_0_1(const lanes *d, lanes *v) {
  v[0] = d[1] - d[0];
  v[1] = d[1];
  v[2] = d[2] - d[1];
}

INLINE void at_0_1_m1(const lanes *d, lanes *v) {
  v[0] = d[2] - d[0];
  v[1] = d[2] + d[1];
  v[2] = d[2] - d[1];
  v[3] = d[3] - d[1];
}

static const float root_half = 0x1.6a09e6p-1f, root_two = 0x1.6a09e6p0f;

INLINE void at_0_roots(const lanes *d, lanes *v) {
  const lanes even_small = d[4] - 2 * d[2];
  const lanes odd_small = root_half * (d[3] - 2 * d[1]);
  const lanes even_large = d[4] - 0.5f * d[2];
  const lanes odd_large = root_two * (d[3] - 0.5f * d[1]);
  v[0] = d[0] + d[4] - 2.5f * d[2];
  v[1] = even_small + odd_small;
  v[2] = even_small - odd_small;
  v[3] = even_large + odd_large;
  v[4] = even_large - odd_large;
  v[5] = d[1] + d[5] - 2.5f * d[3];
}

INLINE void at_0_powers(const lanes *d, lanes *v) {
  const lanes even_one = d[6] - 4.25f * d[4] + d[2], odd_one = d[5] - 4.25f * d[3] + d[1];
  const lanes even_two = d[6] - 1.25f * d[4] + 0.25f * d[2];
  const lanes odd_two = 2 * d[5] - 2.5f * d[3] + 0.5f * d[1];
  const lanes even_half = d[6] - 5 * d[4] + 4 * d[2];
  const lanes odd_half = 0.5f * d[5] - 2.5f * d[3] + 2 * d[1];
  v[0] = (d[6] - d[0]) - 5.25f * (d[4] - d[2]);
  v[1] = even_one + odd_one;
  v[2] = even_one - odd_one;
  v[3] = even_two + odd_two;
  v[4] = even_two - odd_two;
  v[5] = even_half + odd_half;
  v[6] = even_half - odd_half;
  v[7] = (d[7] - d[1]) - 5.25f * (d[5] - d[3]);
}

/* At i the value is a complex number, of which that at -i is the conjugate. Its real part, its
 * imaginary part and their sum are values, since three products make a complex one. */
INLINE void at_0_units(const lanes *d, lanes *v) {
  const lanes even = d[4] + d[2], odd = d[3] + d[1];
  v[0] = d[4] - d[0];
  v[1] = even + odd;
  v[2] = even - odd;
  v[3] = d[4] - d[2];
  v[4] = d[3] - d[1];
  v[5] = v[3] + v[4];
  v[6] = d[5] - d[1];
}

/* Products to outputs. */
INLINE void sum_f2x2(const lanes *m, lanes *y) {
  y[0] = m[0] + m[1];
  y[1] = m[1] + m[2];
}

INLINE void sum_f2x3(const lanes *m, lanes *y) {
  y[0] = m[0] + (m[1] + m[2]);
  y[1] = (m[1] - m[2]) + m[3];
}

INLINE void sum_f3x2(const lanes *m, lanes *y) {
  const lanes even = m[1] + m[2];
  y[0] = m[0] + even;
  y[1] = m[1] - m[2];
  y[2] = even + m[3];
}

INLINE void sum_f3x4(const lanes *m, lanes *y) {
  const lanes even_small = m[1] + m[2], even_large = m[3] + m[4];
  y[0] = m[0] + even_small + even_large;
  y[1] = root_half * (m[1] - m[2]) + root_two * (m[3] - m[4]);
  y[2] = 0.5f * even_small + 2 * even_large + m[5];
}

INLINE void sum_f4x3(const lanes *m, lanes *y) {
  const lanes even_small = m[1] + m[2], odd_small = m[1] - m[2];
  const lanes even_large = m[3] + m[4], odd_large = m[3] - m[4];
  y[0] = m[0] + even_small + even_large;
  y[1] = root_half * odd_small + root_two * odd_large;
  y[2] = 0.5f * even_small + 2 * even_large;
  y[3] = 0.5f * root_half * odd_small + 2 * root_two * odd_large + m[5];
}

INLINE void sum_c4x3(const lanes *m, lanes *y) {
  const lanes even = m[1] + m[2], odd = m[1] - m[2];
  const lanes real = m[3] - m[4];
  const lanes imaginary = m[5] - (m[3] + m[4]);
  y[0] = (m[0] + even) + real;
  y[1] = odd - imaginary;
  y[2] = even - real;
  y[3] = (odd + imaginary) + m[6];
}

INLINE void sum_f6x3(const lanes *m, lanes *y) {
  const lanes even_one = m[1] + m[2], odd_one = m[1] - m[2];
  const lanes even_two = m[3] + m[4], odd_two = m[3] - m[4];
  const lanes even_half = m[5] + m[6], odd_half = m[5] - m[6];
  y[0] = m[0] + even_one + even_two + even_half;
  y[1] = odd_one + 2 * odd_two + 0.5f * odd_half;
  y[2] = even_one + 4 * even_two + 0.25f * even_half;
  y[3] = odd_one + 8 * odd_two + 0.125f * odd_half;
  y[4] = even_one + 16 * even_two + 0.0625f * even_half;
  y[5] = odd_one + 32 * odd_two + 0.03125f * odd_half + m[7];
}

INLINE void sum_up2(const lanes *m, lanes *y) {
  y[0] = m[0] + m[2];
  y[1] = m[1] + m[2];
  y[2] = m[2] + m[3];
  y[3] = m[2] + m[4];
}

INLINE void sum_up3(const lanes *m, lanes *y) {
  const lanes odd = m[2] + m[3], even = m[2] + m[4];
  y[0] = m[0] + odd;
  y[1] = m[1] + even;
  y[2] = m[2] - m[3];
  y[3] = m[2] - m[4];
  y[4] = odd + m[5];
  y[5] = even + m[6];
}

typedef void (*line_transform)(const lanes *from, lanes *to);

#ifndef PC_LOAD_FEW
INLINE lanes PC_LOAD_FEW(const number *from, size_t count) {
  number few[LANES] = {0};
  for (size_t k = 0; k < count; k++) few[k] = from[k];
  return load_numbers(few);
}
#endif

/* `count` channels at `offset`, as many as a vector has at most. */
INLINE void load_lanes(
    line_transform data, const size_t window, const size_t side, const number *const *pixels,
    const float *scales, const pc_transform_source *source, size_t offset, const size_t count,
    value *values, size_t value_stride) {
  lanes d[SIDE], t[SIDE * SIDE], v[SIDE];
  UNROLL for (size_t j = 0; j < window; j++) {
    UNROLL for (size_t i = 0; i < window; i++) {
      const number *from = pixels[i * window + j] + offset;
      d[i] = meaning_of(count == LANES ? load_numbers(from) : PC_LOAD_FEW(from, count), source);
      if (scales) d[i] *= scales[i * window + j];
    }
    data(d, v);
    UNROLL for (size_t i = 0; i < side; i++) t[i * window + j] = v[i];
  }
  UNROLL for (size_t i = 0; i < side; i++) {
    data(t + i * window, v);
    UNROLL for (size_t j = 0; j < side; j++) {
      const ptrdiff_t place = source->depth[i == side - 1][j == side - 1];
      if (place >= 0) store_values(values + (i * side + j) * value_stride + place, v[j]);
    }
  }
}

INLINE void load_window(
    line_transform data, const size_t window, const size_t side, const number *const *pixels,
    const float *scales, const number *const *next, const pc_transform_source *source,
    value *values, size_t value_stride) {
  const size_t channels = source->channels, whole = channels - channels % LANES;
  for (size_t k = 0; k < whole; k += LANES) {
    UNROLL for (size_t i = 0; i < window * window; i++) __builtin_prefetch(next[i] + k);
    if (scales)
      load_lanes(data, window, side, pixels, scales, source, k, LANES, values + k, value_stride);
    else
      load_lanes(data, window, side, pixels, NULL, source, k, LANES, values + k, value_stride);
  }
  if (whole < channels)
    load_lanes(
        data, window, side, pixels, scales, source, whole, channels - whole, values + whole,
        value_stride);
}

INLINE void sum_window(
    line_transform sum, const size_t products, const size_t outputs, const float *from,
    size_t product_stride, size_t columns, float *sums, size_t row_stride, size_t pixel_stride,
    int adds) {
  for (size_t column = 0; column < columns; column += LANES) {
    lanes m[SIDE], y[SIDE], t[SIDE * SIDE];
    UNROLL for (size_t j = 0; j < products; j++) {
      UNROLL for (size_t i = 0; i < products; i++)
        m[i] = load(from + (i * products + j) * product_stride + column);
      sum(m, y);
      UNROLL for (size_t i = 0; i < outputs; i++) t[i * products + j] = y[i];
    }
    UNROLL for (size_t i = 0; i < outputs; i++) {
      sum(t + i * products, y);
      UNROLL for (size_t j = 0; j < outputs; j++) {
        float *to = sums + i * row_stride + j * pixel_stride + column;
        store(to, adds ? load(to) + y[j] : y[j]);
      }
    }
  }
}

#define PC_TRANSFORM_FORM(name, data, window, side, products, outputs, ...) \
  static void load_##name( \
      const void *const *pixels, const float *scales, const void *const *next, \
      const pc_transform_source *source, void *values, size_t value_stride) { \
    load_window( \
        data, window, side, (const number *const *)pixels, scales, (const number *const *)next, \
        source, values, value_stride); \
  } \
  static void sum_##name##_window( \
      const float *from, size_t product_stride, size_t columns, float *sums, size_t row_stride, \
      size_t pixel_stride, int adds) { \
    sum_window( \
        sum_##name, products, outputs, from, product_stride, columns, sums, row_stride, \
        pixel_stride, adds); \
  }
#include "transform_forms.inc"
#undef PC_TRANSFORM_FORM

INLINE lanes activate(lanes y, const pc_tile *tile) {
  const lanes zero = 0;
  if (tile->activation == PC_ACTIVATION_RELU) return y < 0 ? zero : y;
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU) return y < 0 ? tile->slope * y : y;
  return y;
}

/* `pc_u8_stored` of each lane. */
INLINE bytes u8_stored(lanes y, const pc_tile *tile) {
#pragma STDC FP_CONTRACT OFF
  const lanes rounder = 12582912.0f, scaled = y * tile->reciprocal;
  const lanes above = scaled > -300 ? scaled : -300;
  const lanes limited = above < 300 ? above : 300;
  const integers place =
      __builtin_convertvector((limited + rounder) - rounder, integers) + tile->zero_point;
  return __builtin_convertvector(place < 0 ? 0 : place > 255 ? 255 : place, bytes);
}

INLINE void store_bytes(void *to, const void *stored, const size_t size, size_t left) {
  if (left >= size) memcpy(to, stored, size);
  else memcpy(to, stored, left);
}

INLINE void store_result(
    const pc_tile *tile, size_t place, lanes y, size_t count, const int streams) {
  if (tile->storage == PC_STORE_F32) {
    float *to = (float *)tile->output + place;
    if (streams && count >= LANES) __builtin_nontemporal_store(y, (lanes *)(void *)to);
    else store_some(to, y, count);
  } else if (tile->storage == PC_STORE_BF16) {
    const half_words stored = bf16_stored(y);
    uint16_t *to = (uint16_t *)tile->output + place;
    if (streams && count >= LANES) __builtin_nontemporal_store(stored, (half_words *)(void *)to);
    else store_bytes(to, &stored, sizeof stored, 2 * count);
  } else {
    const bytes stored = u8_stored(y, tile);
    store_bytes((uint8_t *)tile->output + place, &stored, sizeof stored, count);
  }
}

enum { MOST_VECTORS = PC_MAX_TILE_COLUMNS / LANES };

/* Some vectors of columns from `first` on, pixel by pixel. */
INLINE void finish_columns(
    const pc_tile *tile, const float *sums, size_t stride, size_t first, const size_t vectors,
    const int streams) {
#pragma STDC FP_CONTRACT OFF
  lanes scale[MOST_VECTORS] = {0}, bias[PC_MAX_BIASES][MOST_VECTORS];
  UNROLL for (size_t v = 0; v < vectors; v++) {
    const size_t column = first + v * LANES, left = tile->columns - column;
    if (tile->scale) scale[v] = load_some(tile->scale + column, left);
    for (size_t j = 0; j < tile->bias_count; j++)
      bias[j][v] = load_some(tile->bias[j] + column, left);
  }
  for (size_t r = 0; r < tile->rows; r++) {
    UNROLL for (size_t v = 0; v < vectors; v++) {
      const size_t column = first + v * LANES;
      lanes y = load(sums + r * stride + column);
      if (tile->scale) y = y * scale[v];
      if (tile->ratio) y = y * tile->ratio[r];
      for (size_t j = 0; j < tile->bias_count; j++)
        y = y + (tile->plane[j] ? bias[j][v] * tile->plane[j][r] : bias[j][v]);
      store_result(
          tile, r * tile->output_stride + column, activate(y, tile), tile->columns - column,
          streams);
    }
  }
}

INLINE void finish_block(
    const pc_tile *tile, const float *sums, size_t stride, const size_t columns, int streams) {
  if (streams) finish_columns(tile, sums, stride, 0, columns / LANES, 1);
  else finish_columns(tile, sums, stride, 0, columns / LANES, 0);
}

/* Blocks that are whole go pixel by pixel with all their columns, so that cache lines are written
 * at once. */
static void finish(const pc_tile *tile, const float *sums, size_t stride, int streams) {
  switch (tile->columns) {
    case PC_MAX_TILE_COLUMNS:
      return finish_block(tile, sums, stride, PC_MAX_TILE_COLUMNS, streams);
    case PC_MAX_TILE_COLUMNS / 2:
      return finish_block(tile, sums, stride, PC_MAX_TILE_COLUMNS / 2, streams);
  }
  for (size_t column = 0; column < tile->columns; column += LANES)
    finish_columns(tile, sums, stride, column, 1, 0);
}

#include "filter_lanes.h"
#ifdef PC_TRANSFORM_U8
#include "rounding_lanes.h"
#endif

static const pc_transform_load_ukernel loads[] = {
#define PC_TRANSFORM_FORM(name, ...) load_##name,
#include "transform_forms.inc"
#undef PC_TRANSFORM_FORM
};

static const pc_transform_sum_ukernel sums[] = {
#define PC_TRANSFORM_FORM(name, ...) sum_##name##_window,
#include "transform_forms.inc"
#undef PC_TRANSFORM_FORM
};

static const pc_transform_weights_ukernel filters[] = {
#define PC_TRANSFORM_FORM(name, ...) filter_##name##_panels,
#include "transform_forms.inc"
#undef PC_TRANSFORM_FORM
};

const pc_transform_kernel PC_TRANSFORM_SYMBOL = {
    .isa = PC_TRANSFORM_ISA,
    .arithmetic = PC_TRANSFORM_ARITHMETIC,
    .load = loads,
#ifdef PC_TRANSFORM_MULTIPLY
    .multiply = PC_TRANSFORM_MULTIPLY,
#endif
    .sum = sums,
    .finish = finish,
#ifdef PC_TRANSFORM_U8
    .round_values = round_values,
    .round_weights = round_weights,
#endif
    .weights = filters};
