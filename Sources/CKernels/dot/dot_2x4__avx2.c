#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* Lanes run along depth: 2 pixels by 4 channels are 8 accumulators, enough to cover the latency of
 * a multiply-add on two ports. */

static inline __attribute__((always_inline)) __m256i lanes_below(size_t count) {
  return _mm256_cmpgt_epi32(
      _mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __attribute__((always_inline)) float reduce(__m256 sum) {
  __m128 half = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
  half = _mm_add_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_add_ss(half, _mm_movehdup_ps(half)));
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t columns) {
  __m256 sums[2][4];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < 2; r++)
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) sums[r][c] = _mm256_setzero_ps();
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const float *weights = (const float *)tile->weights + segment->depth;
    const float *x[2] = {segment->rows[0], segment->rows[tile->rows - 1]};
    for (size_t k = 0; k < segment->channels; k += 8) {
      const size_t left = segment->channels - k;
      const __m256i mask = lanes_below(left < 8 ? left : 8);
      __m256 values[2];
#pragma clang loop unroll(full)
      for (size_t r = 0; r < 2; r++) values[r] = _mm256_maskload_ps(x[r] + k, mask);
#pragma clang loop unroll(full)
      for (size_t c = 0; c < columns; c++) {
        const __m256 w = _mm256_maskload_ps(weights + c * tile->total_depth + k, mask);
#pragma clang loop unroll(full)
        for (size_t r = 0; r < 2; r++) sums[r][c] = _mm256_fmadd_ps(values[r], w, sums[r][c]);
      }
    }
  }
  for (size_t r = 0; r < tile->rows; r++)
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) pc_write_output(tile, r, c, reduce(sums[r][c]));
}

void pc_f32_dot_ukernel_2x4__avx2(const pc_tile *tile) {
  switch (tile->columns) {
    case 1: return multiply(tile, 1);
    case 2: return multiply(tile, 2);
    case 3: return multiply(tile, 3);
    case 4: return multiply(tile, 4);
  }
}

#pragma clang attribute pop
#endif
