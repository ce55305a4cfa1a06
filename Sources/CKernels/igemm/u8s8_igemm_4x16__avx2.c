#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "../pc_epilogue.h"
#include "tile_sums.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* The products of bytes 0 and 2, then of 1 and 3 of a word, as 16-bit numbers: exact, where the
 * instruction that multiplies bytes saturates. */
static inline __attribute__((always_inline)) __m256i multiply_add(
    __m256i sum, __m256i x, __m256i w) {
  const __m256i even = _mm256_madd_epi16(
      _mm256_and_si256(x, _mm256_set1_epi16(0xFF)),
      _mm256_srai_epi16(_mm256_slli_epi16(w, 8), 8));
  const __m256i odd = _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srai_epi16(w, 8));
  return _mm256_add_epi32(sum, _mm256_add_epi32(even, odd));
}

#define PC_GROUP 4
#define PC_SUM __m256i
#define PC_MULTIPLY_ADD multiply_add
#include "products_nx16__avx2.h"

static inline __attribute__((always_inline)) void sum_part(
    const pc_tile *tile, size_t part, __m256i (*sums)[2], const size_t rows,
    const size_t vectors) {
  const int32_t *correction = tile->integer_parts[part].correction + tile->first_column;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      sums[r][v] = _mm256_loadu_si256((const __m256i *)(correction + 8 * v));
  const pc_segment *segment = tile->segments + part * tile->segments_per_part;
  for (size_t s = 0; s < tile->segments_per_part; s++)
    add_products(tile, segment + s, sums, rows, vectors);
}

static inline __attribute__((always_inline)) void store_integers(
    const pc_tile *tile, __m256i (*sums)[2], const size_t rows, const size_t vectors) {
  int32_t *output = tile->output;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) {
    int32_t stored[16];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      _mm256_storeu_si256((__m256i *)(stored + 8 * v), sums[r][v]);
    memcpy(output + r * tile->output_stride, stored, tile->columns * sizeof *stored);
  }
}

/* Scales the sums of a part, and adds them to those of earlier parts where there are some. */
static inline __attribute__((always_inline)) void take_sums(
    const pc_tile *tile, size_t part, __m256i (*sums)[2], pc_tile_sums *result, const size_t rows,
    const size_t vectors) {
  const __m256 scale = _mm256_set1_ps(tile->integer_parts[part].scale);
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      const __m256 term = _mm256_mul_ps(_mm256_cvtepi32_ps(sums[r][v]), scale);
      float *sum = result->values[r] + 8 * v;
      _mm256_store_ps(sum, part ? _mm256_add_ps(_mm256_load_ps(sum), term) : term);
    }
}

/* Each part of the picture fills the accumulators anew, as its sums have a scale of their own. */
static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  __m256i sums[6][2];
  pc_tile_sums result;
  for (size_t part = 0; part < tile->part_count; part++) {
    sum_part(tile, part, sums, rows, vectors);
    if (tile->storage == PC_STORE_I32) return store_integers(tile, sums, rows, vectors);
    take_sums(tile, part, sums, &result, rows, vectors);
  }
  pc_finish__avx2(tile, &result, 1);
}

PC_UKERNEL_4X16(pc_u8s8_igemm_ukernel_4x16__avx2)

#pragma clang attribute pop
#endif
