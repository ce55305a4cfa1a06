#if defined(__x86_64__)
#include <immintrin.h>

#include "tile_sums.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))),            \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

static inline __mmask16 lanes_below(size_t count) {
  return count >= 16 ? 0xFFFF : (__mmask16)((1u << count) - 1);
}

/* A sum with the addends of its channels: f32 ones one after the other, or the scaled sum of those
 * that are integers. */
static inline __m512 with_addends(
    const pc_tile *tile, int is_integer, size_t r, size_t c, __mmask16 mask, __m512 sum) {
  const size_t column = tile->first_column + c;
  if (!is_integer) {
    for (size_t j = 0; j < tile->addend_count; j++)
      sum = _mm512_add_ps(
          sum, _mm512_maskz_loadu_ps(mask, (const float *)tile->addends[j][r] + column));
    return sum;
  }
  __m512i total = _mm512_setzero_si512();
  for (size_t j = 0; j < tile->addend_count; j++)
    total = _mm512_add_epi32(
        total, _mm512_maskz_loadu_epi32(mask, (const int32_t *)tile->addends[j][r] + column));
  const __m512 term = _mm512_mul_ps(_mm512_cvtepi32_ps(total), _mm512_set1_ps(tile->addend_scale));
  return tile->part_count ? _mm512_add_ps(sum, term) : term;
}

static inline __m512 activate(__m512 y, const pc_tile *tile) {
  const __m512 zero = _mm512_setzero_ps();
  if (tile->activation == PC_ACTIVATION_RELU) return _mm512_max_ps(zero, y);
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU)
    return _mm512_mask_mul_ps(
        y, _mm512_cmp_ps_mask(y, zero, _CMP_LT_OQ), y, _mm512_set1_ps(tile->slope));
  return y;
}

/* `pc_bf16_stored` of each lane. */
static inline __m256i bf16_stored(__m512 y) {
  const __m512i bits = _mm512_castps_si512(y);
  const __m512i high = _mm512_srli_epi32(bits, 16);
  const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7FFF));
  const __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, half), 16);
  const __mmask16 is_nan = _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q);
  return _mm512_cvtepi32_epi16(
      _mm512_mask_or_epi32(rounded, is_nan, high, _mm512_set1_epi32(0x40)));
}

/* `pc_u8_stored` of each lane. */
static inline __m128i u8_stored(__m512 y, const pc_tile *tile) {
  const __m512 value = _mm512_mul_ps(y, _mm512_set1_ps(tile->reciprocal));
  const __m512 limited = _mm512_min_ps(
      _mm512_max_ps(value, _mm512_set1_ps(-300)), _mm512_set1_ps(300));
  const __m512i place =
      _mm512_add_epi32(_mm512_cvtps_epi32(limited), _mm512_set1_epi32(tile->zero_point));
  return _mm512_cvtusepi32_epi8(_mm512_max_epi32(place, _mm512_setzero_si512()));
}

static inline void store(const pc_tile *tile, size_t place, __mmask16 mask, __m512 y) {
  switch (tile->storage) {
    case PC_STORE_BF16:
      _mm256_mask_storeu_epi16((uint16_t *)tile->output + place, mask, bf16_stored(y));
      return;
    case PC_STORE_U8:
      _mm_mask_storeu_epi8((uint8_t *)tile->output + place, mask, u8_stored(y, tile));
      return;
    default: _mm512_mask_storeu_ps((float *)tile->output + place, mask, y);
  }
}

void pc_finish__avx512(const pc_tile *tile, const pc_tile_sums *sums, int is_integer) {
  for (size_t c = 0; c < tile->columns; c += 16) {
    const __mmask16 mask = lanes_below(tile->columns - c);
    const __m512 scale =
        tile->scale ? _mm512_maskz_loadu_ps(mask, tile->scale + c) : _mm512_set1_ps(1);
    __m512 bias[PC_MAX_BIASES];
    for (size_t j = 0; j < tile->bias_count; j++)
      bias[j] = _mm512_maskz_loadu_ps(mask, tile->bias[j] + c);
    for (size_t r = 0; r < tile->rows; r++) {
      __m512 y = _mm512_load_ps(sums->values[r] + c);
      if (tile->addend_count) y = with_addends(tile, is_integer, r, c, mask, y);
      y = _mm512_mul_ps(y, scale);
      if (tile->ratio) y = _mm512_mul_ps(y, _mm512_set1_ps(tile->ratio[r]));
      for (size_t j = 0; j < tile->bias_count; j++) {
        __m512 term = bias[j];
        if (tile->plane[j]) term = _mm512_mul_ps(term, _mm512_set1_ps(tile->plane[j][r]));
        y = _mm512_add_ps(y, term);
      }
      store(tile, r * tile->output_stride + c, mask, activate(y, tile));
    }
  }
}

#pragma clang attribute pop
#endif
