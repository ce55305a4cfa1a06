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

static inline __attribute__((always_inline)) __m256i load_corrections(const int32_t *numbers) {
  return _mm256_loadu_si256((const __m256i *)numbers);
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

static inline __attribute__((always_inline)) void scale_sums(
    __m256i sums, float scale, int adds, float *to) {
  const __m256 term = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), _mm256_set1_ps(scale));
  _mm256_store_ps(to, adds ? _mm256_add_ps(_mm256_load_ps(to), term) : term);
}

#define PC_LANES 8
#define PC_TILE_ROWS 6
#include "integer_tile.h"

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  pc_tile_sums sums;
  if (sum_parts(tile, &sums, rows, vectors)) pc_finish__avx2(tile, &sums, 1);
}

PC_UKERNEL_4X16(pc_u8s8_igemm_ukernel_4x16__avx2)

#pragma clang attribute pop
#endif
