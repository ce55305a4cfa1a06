/* The products of one segment of a tile of 14 pixels by 32 channels, for any numbers of which one
 * group fills a 32-bit word. The including file defines PC_GROUP, the numbers of a word, PC_SUM,
 * the vector of sums, and PC_MULTIPLY_ADD(sum, words of a pixel, words of the weights).
 *
 * 28 accumulators, 2 weight vectors and a broadcast fill the 32 registers, and 16 loads feed 28
 * multiply-adds, so loads never limit. Weights stream past once per tile in order of depth, and are
 * fetched to the second-level cache PC_WORDS_AHEAD words, 6 KB, before. A block
 * of at most 16 channels uses one vector of weights instead of two. Rows do not mix, so a pixel's
 * bits do not depend on its neighbours in the tile. */
enum { PC_WORDS_AHEAD = 1536 };

static inline __attribute__((always_inline)) void add_products(
    const pc_tile *tile, const pc_segment *segment, PC_SUM (*sums)[2], const size_t rows,
    const size_t vectors) {
  const pc_word *weights =
      (const pc_word *)tile->weights + segment->depth / PC_GROUP * 16 * vectors;
  const size_t words = segment->channels / PC_GROUP;
  const pc_word *x[14];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) x[r] = segment->rows[r];
#pragma clang loop unroll(disable)
  for (size_t k = 0; k < words; k++) {
    __m512i w[2];
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      w[v] = _mm512_loadu_si512(weights + 16 * v);
      __builtin_prefetch(weights + 16 * v + PC_WORDS_AHEAD, 0, 2);
    }
    weights += 16 * vectors;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const __m512i value = _mm512_set1_epi32(x[r][k]);
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) sums[r][v] = PC_MULTIPLY_ADD(sums[r][v], value, w[v]);
    }
  }
}

#define PC_CASE_14X32(rows) \
  case rows: \
    return tile->columns > 16 ? multiply(tile, rows, 2) : multiply(tile, rows, 1);

/* A micro-kernel: `multiply` for every size of the tile. */
#define PC_UKERNEL_14X32(symbol)                                                          \
  void symbol(const pc_tile *tile) {                                                      \
    pc_prefetch_addends(tile);                                                            \
    switch (tile->rows) {                                                                 \
      PC_CASE_14X32(1) PC_CASE_14X32(2) PC_CASE_14X32(3) PC_CASE_14X32(4)                 \
      PC_CASE_14X32(5) PC_CASE_14X32(6) PC_CASE_14X32(7) PC_CASE_14X32(8)                 \
      PC_CASE_14X32(9) PC_CASE_14X32(10) PC_CASE_14X32(11) PC_CASE_14X32(12)              \
      PC_CASE_14X32(13) PC_CASE_14X32(14)                                                 \
    }                                                                                     \
  }
