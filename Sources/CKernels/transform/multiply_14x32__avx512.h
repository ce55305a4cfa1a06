/* The products of windows, which lie at a fixed distance: the tile of products_14x32__avx512.h, in
 * the same order and so with the same bits, for any numbers of which one group fills a 32-bit word.
 * The including file defines PC_GROUP and PC_MULTIPLY_ADD(sum, words of a window, words of the
 * weights).
 *
 * Depths are short here, so what a tile costs besides its products counts: five addresses for
 * fourteen windows stay in registers, and a tile leaves its sums without a look at what follows. */

enum { MULTIPLY_ROWS = 14, MULTIPLY_COLUMNS = 32 };

typedef int32_t __attribute__((aligned(1), may_alias)) window_word;

static inline __attribute__((always_inline)) void multiply_tile(
    const char *values, size_t pitch, const window_word *weights, size_t words, float *products,
    const size_t rows) {
  __m512 sums[MULTIPLY_ROWS][2];
  const char *x[(MULTIPLY_ROWS + 2) / 3];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) {
    sums[r][0] = sums[r][1] = _mm512_setzero_ps();
    if (r % 3 == 0) x[r / 3] = values + r * pitch;
  }
  const window_word *end = weights + words * MULTIPLY_COLUMNS;
#pragma clang loop unroll(disable)
  for (; weights < end; weights += MULTIPLY_COLUMNS) {
    const __m512i w[2] = {_mm512_loadu_si512(weights), _mm512_loadu_si512(weights + 16)};
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) {
      const __m512i value =
          _mm512_set1_epi32(*(const window_word *)(x[r / 3] + r % 3 * pitch));
      sums[r][0] = PC_MULTIPLY_ADD(sums[r][0], value, w[0]);
      sums[r][1] = PC_MULTIPLY_ADD(sums[r][1], value, w[1]);
      if (r % 3 == 2 || r + 1 == rows) x[r / 3] += sizeof(window_word);
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) {
    _mm512_storeu_ps(products + r * MULTIPLY_COLUMNS, sums[r][0]);
    _mm512_storeu_ps(products + r * MULTIPLY_COLUMNS + 16, sums[r][1]);
  }
}

#define PC_MULTIPLY_CASE(rows) \
  case rows: multiply_tile(values, pitch, weights, depth / PC_GROUP, products, rows); break;

static void multiply_rows(
    const char *values, size_t pitch, size_t rows, const void *weights, size_t depth,
    float *products) {
  switch (rows) {
    PC_MULTIPLY_CASE(1) PC_MULTIPLY_CASE(2) PC_MULTIPLY_CASE(3) PC_MULTIPLY_CASE(4)
    PC_MULTIPLY_CASE(5) PC_MULTIPLY_CASE(6) PC_MULTIPLY_CASE(7) PC_MULTIPLY_CASE(8)
    PC_MULTIPLY_CASE(9) PC_MULTIPLY_CASE(10) PC_MULTIPLY_CASE(11) PC_MULTIPLY_CASE(12)
    PC_MULTIPLY_CASE(13) PC_MULTIPLY_CASE(14)
  }
}

static void multiply_windows(
    const void *values, size_t pitch, size_t windows, const void *weights, size_t depth,
    float *products) {
  for (size_t row = 0; row < windows; row += MULTIPLY_ROWS) {
    const size_t left = windows - row;
    multiply_rows(
        (const char *)values + row * pitch, pitch, left < MULTIPLY_ROWS ? left : MULTIPLY_ROWS,
        weights, depth, products + row * MULTIPLY_COLUMNS);
  }
}
