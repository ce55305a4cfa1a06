/* A tile of floating-point sums; see products_14x32__avx512.h. */
#define PC_SUM __m512
#include "products_14x32__avx512.h"

static inline __attribute__((always_inline)) void store_sums(
    __m512 (*sums)[2], float *output, const size_t stride, const size_t rows,
    const size_t vectors) {
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      _mm512_storeu_ps(output + r * stride + 16 * v, sums[r][v]);
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  __m512 sums[14][2];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = _mm512_setzero_ps();
  for (size_t s = 0; s < tile->segment_count; s++)
    add_products(tile, tile->segments + s, sums, rows, vectors);
  if (tile->columns == 16 * vectors && pc_has_plain_sums(tile))
    return store_sums(sums, tile->output, tile->output_stride, rows, vectors);
  pc_tile_sums result;
  store_sums(sums, result.values[0], PC_MAX_TILE_COLUMNS, rows, vectors);
  pc_finish__avx512(tile, &result, 0);
}
