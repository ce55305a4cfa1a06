#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "tile_sums.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,avx2,fma"))), \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define PC_GROUP 4
#define PC_SUM __m512i
#define PC_MULTIPLY_ADD(sum, x, w) _mm512_dpbusd_epi32(sum, x, w)
#include "products_14x32__avx512.h"

static inline __attribute__((always_inline)) __m512i load_corrections(const int32_t *numbers) {
  return _mm512_loadu_si512(numbers);
}

static inline __attribute__((always_inline)) void store_integers(
    const pc_tile *tile, __m512i (*sums)[2], const size_t rows, const size_t vectors) {
#pragma clang loop unroll(full)
  for (size_t v = 0; v < vectors; v++) {
    const size_t left = tile->columns - 16 * v;
    const __mmask16 mask = left >= 16 ? 0xFFFF : (__mmask16)((1u << left) - 1);
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
      _mm512_mask_storeu_epi32(
          (int32_t *)tile->output + r * tile->output_stride + 16 * v, mask, sums[r][v]);
  }
}

static inline __attribute__((always_inline)) void scale_sums(
    __m512i sums, float scale, int adds, float *to) {
  const __m512 term = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), _mm512_set1_ps(scale));
  _mm512_store_ps(to, adds ? _mm512_add_ps(_mm512_load_ps(to), term) : term);
}

#define PC_LANES 16
#define PC_TILE_ROWS 14
#include "integer_tile.h"

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  pc_tile_sums sums;
  if (sum_parts(tile, &sums, rows, vectors)) pc_finish__avx512(tile, &sums, 1);
}

PC_UKERNEL_14X32(pc_u8s8_igemm_ukernel_14x32__avx512vnni)

#pragma clang attribute pop
#endif
