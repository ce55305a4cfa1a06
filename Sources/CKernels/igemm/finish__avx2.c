#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "tile_sums.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

static inline __m256i lanes_below(size_t count) {
  return _mm256_cmpgt_epi32(
      _mm256_set1_epi32((int)(count < 8 ? count : 8)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

/* A sum with the addends of its channels: f32 ones one after the other, or the scaled sum of those
 * that are integers. */
static inline __m256 with_addends(
    const pc_tile *tile, int is_integer, size_t r, size_t c, __m256i mask, __m256 sum) {
  const size_t column = tile->first_column + c;
  if (!is_integer) {
    for (size_t j = 0; j < tile->addend_count; j++)
      sum = _mm256_add_ps(
          sum, _mm256_maskload_ps((const float *)tile->addends[j][r] + column, mask));
    return sum;
  }
  __m256i total = _mm256_setzero_si256();
  for (size_t j = 0; j < tile->addend_count; j++)
    total = _mm256_add_epi32(
        total, _mm256_maskload_epi32((const int32_t *)tile->addends[j][r] + column, mask));
  const __m256 term = _mm256_mul_ps(_mm256_cvtepi32_ps(total), _mm256_set1_ps(tile->addend_scale));
  return tile->part_count ? _mm256_add_ps(sum, term) : term;
}

static inline __m256 activate(__m256 y, const pc_tile *tile) {
  const __m256 zero = _mm256_setzero_ps();
  if (tile->activation == PC_ACTIVATION_RELU) return _mm256_max_ps(zero, y);
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU)
    return _mm256_blendv_ps(
        y, _mm256_mul_ps(y, _mm256_set1_ps(tile->slope)), _mm256_cmp_ps(y, zero, _CMP_LT_OQ));
  return y;
}

/* The low halves of eight lanes in order. */
static inline __m128i low_halves(__m256i x) {
  return _mm_packus_epi32(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1));
}

/* `pc_bf16_stored` of each lane. */
static inline __m128i bf16_stored(__m256 y) {
  const __m256i bits = _mm256_castps_si256(y);
  const __m256i high = _mm256_srli_epi32(bits, 16);
  const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
  const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7FFF));
  const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
  const __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(y, y, _CMP_UNORD_Q));
  const __m256i quiet = _mm256_or_si256(high, _mm256_set1_epi32(0x40));
  return low_halves(_mm256_blendv_epi8(rounded, quiet, is_nan));
}

/* `pc_u8_stored` of each lane, in the low half. */
static inline __m128i u8_stored(__m256 y, const pc_tile *tile) {
  const __m256 value = _mm256_mul_ps(y, _mm256_set1_ps(tile->reciprocal));
  const __m256 limited =
      _mm256_min_ps(_mm256_max_ps(value, _mm256_set1_ps(-300)), _mm256_set1_ps(300));
  const __m256i place =
      _mm256_add_epi32(_mm256_cvtps_epi32(limited), _mm256_set1_epi32(tile->zero_point));
  const __m128i halves = low_halves(_mm256_max_epi32(place, _mm256_setzero_si256()));
  return _mm_packus_epi16(halves, halves);
}

static inline void store(const pc_tile *tile, size_t place, size_t left, __m256 y) {
  const size_t count = left < 8 ? left : 8;
  switch (tile->storage) {
    case PC_STORE_BF16: {
      const __m128i stored = bf16_stored(y);
      memcpy((uint16_t *)tile->output + place, &stored, count * 2);
      return;
    }
    case PC_STORE_U8: {
      const __m128i stored = u8_stored(y, tile);
      memcpy((uint8_t *)tile->output + place, &stored, count);
      return;
    }
    default: _mm256_maskstore_ps((float *)tile->output + place, lanes_below(left), y);
  }
}

void pc_finish__avx2(const pc_tile *tile, const pc_tile_sums *sums, int is_integer) {
  for (size_t c = 0; c < tile->columns; c += 8) {
    const __m256i mask = lanes_below(tile->columns - c);
    const __m256 scale =
        tile->scale ? _mm256_maskload_ps(tile->scale + c, mask) : _mm256_set1_ps(1);
    __m256 bias[PC_MAX_BIASES];
    for (size_t j = 0; j < tile->bias_count; j++)
      bias[j] = _mm256_maskload_ps(tile->bias[j] + c, mask);
    for (size_t r = 0; r < tile->rows; r++) {
      __m256 y = _mm256_load_ps(sums->values[r] + c);
      if (tile->addend_count) y = with_addends(tile, is_integer, r, c, mask, y);
      y = _mm256_mul_ps(y, scale);
      if (tile->ratio) y = _mm256_mul_ps(y, _mm256_set1_ps(tile->ratio[r]));
      for (size_t j = 0; j < tile->bias_count; j++) {
        __m256 term = bias[j];
        if (tile->plane[j]) term = _mm256_mul_ps(term, _mm256_set1_ps(tile->plane[j][r]));
        y = _mm256_add_ps(y, term);
      }
      store(tile, r * tile->output_stride + c, tile->columns - c, activate(y, tile));
    }
  }
}

#pragma clang attribute pop
#endif
