/* The products of one segment of a tile of up to 6 pixels by 16 channels, for any numbers of which
 * one group fills a 32-bit word; the including file defines PC_GROUP, PC_SUM and PC_MULTIPLY_ADD as
 * for products_14x32__avx512.h. With words of one number 12 accumulators, 2 weight vectors and a
 * broadcast are in 16 registers, and 8 loads feed 12 multiply-adds; words that are taken apart need
 * registers for their pieces, so then there are 4 pixels. A block of at most 8 channels uses one
 * vector of weights. */
static inline __attribute__((always_inline)) void add_products(
    const pc_tile *tile, const pc_segment *segment, PC_SUM (*sums)[2], const size_t rows,
    const size_t vectors) {
  const pc_word *weights =
      (const pc_word *)tile->weights + segment->depth / PC_GROUP * 8 * vectors;
  const size_t words = segment->channels / PC_GROUP;
  const pc_word *x[6];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) x[r] = segment->rows[r];
#pragma clang loop unroll(disable)
  for (size_t k = 0; k < words; k++) {
    __m256i w[2];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      w[v] = _mm256_loadu_si256((const __m256i *)(weights + 8 * v));
    weights += 8 * vectors;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const __m256i value = _mm256_set1_epi32(x[r][k]);
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) sums[r][v] = PC_MULTIPLY_ADD(sums[r][v], value, w[v]);
    }
  }
}

#define PC_CASE_NX16(rows) \
  case rows: \
    return tile->columns > 8 ? multiply(tile, rows, 2) : multiply(tile, rows, 1);

/* Micro-kernels: `multiply` for every size of the tile. */
#define PC_UKERNEL_6X16(symbol)                                                           \
  void symbol(const pc_tile *tile) {                                                      \
    pc_prefetch_addends(tile);                                                            \
    switch (tile->rows) {                                                                 \
      PC_CASE_NX16(1) PC_CASE_NX16(2) PC_CASE_NX16(3)                                     \
      PC_CASE_NX16(4) PC_CASE_NX16(5) PC_CASE_NX16(6)                                     \
    }                                                                                     \
  }
#define PC_UKERNEL_4X16(symbol)                                                           \
  void symbol(const pc_tile *tile) {                                                      \
    pc_prefetch_addends(tile);                                                            \
    switch (tile->rows) {                                                                 \
      PC_CASE_NX16(1) PC_CASE_NX16(2) PC_CASE_NX16(3) PC_CASE_NX16(4)                     \
    }                                                                                     \
  }
