#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* 6 pixels by 16 channels: 12 accumulators, 2 weight vectors and a broadcast in 16 registers, 8
 * loads for 12 multiply-adds. A block of at most 8 channels uses one vector of weights. */

static inline __attribute__((always_inline)) __m256i lanes_below(size_t count) {
  return _mm256_cmpgt_epi32(
      _mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __attribute__((always_inline)) __m256 activate(__m256 y, const pc_tile *tile) {
  const __m256 zero = _mm256_setzero_ps();
  if (tile->activation == PC_ACTIVATION_RELU) return _mm256_max_ps(zero, y);
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU)
    return _mm256_blendv_ps(
        y, _mm256_mul_ps(y, _mm256_set1_ps(tile->slope)), _mm256_cmp_ps(y, zero, _CMP_LT_OQ));
  return y;
}

static inline __attribute__((always_inline)) void finish(
    const pc_tile *tile, __m256 (*sums)[2], const size_t rows, const size_t vectors) {
#pragma clang loop unroll(full)
  for (size_t v = 0; v < vectors; v++) {
    const size_t left = tile->columns - 8 * v;
    const __m256i mask = lanes_below(left < 8 ? left : 8);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      __m256 y = sums[r][v];
      for (size_t j = 0; j < tile->addend_count; j++) {
        const float *addend = tile->addends[j][r] + tile->first_column + 8 * v;
        y = _mm256_add_ps(y, _mm256_maskload_ps(addend, mask));
      }
      if (tile->scale) y = _mm256_mul_ps(y, _mm256_maskload_ps(tile->scale + 8 * v, mask));
      if (tile->ratio) y = _mm256_mul_ps(y, _mm256_set1_ps(tile->ratio[r]));
      for (size_t j = 0; j < tile->bias_count; j++) {
        __m256 term = _mm256_maskload_ps(tile->bias[j] + 8 * v, mask);
        if (tile->plane[j]) term = _mm256_mul_ps(term, _mm256_set1_ps(tile->plane[j][r]));
        y = _mm256_add_ps(y, term);
      }
      _mm256_maskstore_ps(
          tile->output + r * tile->output_stride + 8 * v, mask, activate(y, tile));
    }
  }
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  __m256 sums[6][2];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm256_setzero_ps();
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const float *weights = tile->weights + segment->depth * 8 * vectors;
    const size_t channels = segment->channels;
    const float *x[6];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) x[r] = segment->rows[r];
#pragma clang loop unroll(disable)
    for (size_t k = 0; k < channels; k++) {
      __m256 w[2];
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) w[v] = _mm256_loadu_ps(weights + 8 * v);
      weights += 8 * vectors;
#pragma clang loop unroll(full)
      for (size_t r = 0; r < rows; r++) {
        const __m256 value = _mm256_broadcast_ss(x[r] + k);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm256_fmadd_ps(value, w[v], sums[r][v]);
      }
    }
  }
  finish(tile, sums, rows, vectors);
}

#define PC_CASE(rows) \
  case rows: \
    return tile->columns > 8 ? multiply(tile, rows, 2) : multiply(tile, rows, 1);

void pc_f32_igemm_ukernel_6x16__avx2(const pc_tile *tile) {
  pc_prefetch_addends(tile);
  switch (tile->rows) {
    PC_CASE(1) PC_CASE(2) PC_CASE(3) PC_CASE(4) PC_CASE(5) PC_CASE(6)
  }
}

#pragma clang attribute pop
#endif
