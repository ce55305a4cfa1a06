/* A tile of floating-point sums; see products_nx16__avx2.h. */
#define PC_SUM __m256
#include "products_nx16__avx2.h"

static inline __attribute__((always_inline)) void store_sums(
    __m256 (*sums)[2], float *output, const size_t stride, const size_t rows,
    const size_t vectors) {
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      _mm256_storeu_ps(output + r * stride + 8 * v, sums[r][v]);
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  __m256 sums[6][2];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm256_setzero_ps();
  for (size_t s = 0; s < tile->segment_count; s++)
    add_products(tile, tile->segments + s, sums, rows, vectors);
  if (tile->columns == 8 * vectors && pc_has_plain_sums(tile))
    return store_sums(sums, tile->output, tile->output_stride, rows, vectors);
  pc_tile_sums result;
  store_sums(sums, result.values[0], PC_MAX_TILE_COLUMNS, rows, vectors);
  pc_finish__avx2(tile, &result, 0);
}
