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

static inline __attribute__((always_inline)) void sum_part(
    const pc_tile *tile, size_t part, __m512i (*sums)[2], const size_t rows,
    const size_t vectors) {
  const int32_t *correction = tile->integer_parts[part].correction + tile->first_column;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      sums[r][v] = _mm512_loadu_si512(correction + 16 * v);
  const pc_segment *segment = tile->segments + part * tile->segments_per_part;
  for (size_t s = 0; s < tile->segments_per_part; s++)
    add_products(tile, segment + s, sums, rows, vectors);
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

/* Scales the sums of a part, and adds them to those of earlier parts where there are some. */
static inline __attribute__((always_inline)) void take_sums(
    const pc_tile *tile, size_t part, __m512i (*sums)[2], pc_tile_sums *result, const size_t rows,
    const size_t vectors) {
  const __m512 scale = _mm512_set1_ps(tile->integer_parts[part].scale);
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      const __m512 term = _mm512_mul_ps(_mm512_cvtepi32_ps(sums[r][v]), scale);
      float *sum = result->values[r] + 16 * v;
      _mm512_store_ps(sum, part ? _mm512_add_ps(_mm512_load_ps(sum), term) : term);
    }
}

/* Each part of the picture fills the accumulators anew, as its sums have a scale of their own. */
static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  __m512i sums[14][2];
  pc_tile_sums result;
  for (size_t part = 0; part < tile->part_count; part++) {
    sum_part(tile, part, sums, rows, vectors);
    if (tile->storage == PC_STORE_I32) return store_integers(tile, sums, rows, vectors);
    take_sums(tile, part, sums, &result, rows, vectors);
  }
  pc_finish__avx512(tile, &result, 1);
}

PC_UKERNEL_14X32(pc_u8s8_igemm_ukernel_14x32__avx512vnni)

#pragma clang attribute pop
#endif
