#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))),            \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* 14 pixels by 32 channels: 28 accumulators, 2 weight vectors and a broadcast fill the 32
 * registers, and 16 loads feed 28 multiply-adds, so loads never limit. Weights stream past once per
 * tile in order of depth. A block of at most 16 channels uses one vector of weights instead of two.
 * Rows do not mix, so a pixel's bits do not depend on its neighbours in the tile. */

static inline __attribute__((always_inline)) __m512 activate(__m512 y, const pc_tile *tile) {
  const __m512 zero = _mm512_setzero_ps();
  if (tile->activation == PC_ACTIVATION_RELU) return _mm512_max_ps(zero, y);
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU)
    return _mm512_mask_mul_ps(
        y, _mm512_cmp_ps_mask(y, zero, _CMP_LT_OQ), y, _mm512_set1_ps(tile->slope));
  return y;
}

static inline __attribute__((always_inline)) void finish(
    const pc_tile *tile, __m512 (*sums)[2], const size_t rows, const size_t vectors) {
#pragma clang loop unroll(full)
  for (size_t v = 0; v < vectors; v++) {
    const size_t left = tile->columns - 16 * v;
    const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      __m512 y = sums[r][v];
      for (size_t j = 0; j < tile->addend_count; j++) {
        const float *addend = tile->addends[j][r] + tile->first_column + 16 * v;
        y = _mm512_add_ps(y, _mm512_maskz_loadu_ps(mask, addend));
      }
      if (tile->scale)
        y = _mm512_mul_ps(y, _mm512_maskz_loadu_ps(mask, tile->scale + 16 * v));
      if (tile->ratio) y = _mm512_mul_ps(y, _mm512_set1_ps(tile->ratio[r]));
      for (size_t j = 0; j < tile->bias_count; j++) {
        __m512 term = _mm512_maskz_loadu_ps(mask, tile->bias[j] + 16 * v);
        if (tile->plane[j]) term = _mm512_mul_ps(term, _mm512_set1_ps(tile->plane[j][r]));
        y = _mm512_add_ps(y, term);
      }
      _mm512_mask_storeu_ps(
          tile->output + r * tile->output_stride + 16 * v, mask, activate(y, tile));
    }
  }
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  __m512 sums[14][2];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_ps();
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const float *weights = tile->weights + segment->depth * 16 * vectors;
    const size_t channels = segment->channels;
    const float *x[14];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) x[r] = segment->rows[r];
#pragma clang loop unroll(disable)
    for (size_t k = 0; k < channels; k++) {
      __m512 w[2];
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) w[v] = _mm512_loadu_ps(weights + 16 * v);
      weights += 16 * vectors;
#pragma clang loop unroll(full)
      for (size_t r = 0; r < rows; r++) {
        const __m512 value = _mm512_set1_ps(x[r][k]);
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm512_fmadd_ps(value, w[v], sums[r][v]);
      }
    }
  }
  finish(tile, sums, rows, vectors);
}

#define PC_CASE(rows) \
  case rows: \
    return tile->columns > 16 ? multiply(tile, rows, 2) : multiply(tile, rows, 1);

void pc_f32_igemm_ukernel_14x32__avx512(const pc_tile *tile) {
  pc_prefetch_addends(tile);
  switch (tile->rows) {
    PC_CASE(1) PC_CASE(2) PC_CASE(3) PC_CASE(4) PC_CASE(5) PC_CASE(6) PC_CASE(7)
    PC_CASE(8) PC_CASE(9) PC_CASE(10) PC_CASE(11) PC_CASE(12) PC_CASE(13) PC_CASE(14)
  }
}

#pragma clang attribute pop
#endif
