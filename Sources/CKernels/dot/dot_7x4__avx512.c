#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))),            \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* For up to 4 output channels lanes run along depth instead of along channels, so none is wasted: 7
 * pixels by 4 channels are 28 accumulators, fed by 4 weight vectors and 7 pixel vectors per 16
 * depths. Rows that the tile lacks repeat the first one and are not written. */

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t columns) {
  __m512 sums[7][4];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < 7; r++)
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) sums[r][c] = _mm512_setzero_ps();
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const float *weights = (const float *)tile->weights + segment->depth;
    const float *x[7];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < 7; r++) x[r] = segment->rows[r < tile->rows ? r : 0];
    for (size_t k = 0; k < segment->channels; k += 16) {
      const size_t left = segment->channels - k;
      const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
      __m512 w[4];
#pragma clang loop unroll(full)
      for (size_t c = 0; c < columns; c++)
        w[c] = _mm512_maskz_loadu_ps(mask, weights + c * tile->total_depth + k);
#pragma clang loop unroll(full)
      for (size_t r = 0; r < 7; r++) {
        const __m512 value = _mm512_maskz_loadu_ps(mask, x[r] + k);
#pragma clang loop unroll(full)
        for (size_t c = 0; c < columns; c++) sums[r][c] = _mm512_fmadd_ps(value, w[c], sums[r][c]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < 7; r++)
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++)
      if (r < tile->rows) pc_write_output(tile, r, c, _mm512_reduce_add_ps(sums[r][c]));
}

void pc_f32_dot_ukernel_7x4__avx512(const pc_tile *tile) {
  switch (tile->columns) {
    case 1: return multiply(tile, 1);
    case 2: return multiply(tile, 2);
    case 3: return multiply(tile, 3);
    case 4: return multiply(tile, 4);
  }
}

#pragma clang attribute pop
#endif
