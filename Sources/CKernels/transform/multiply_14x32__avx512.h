/* The products of windows, which lie at a fixed distance: the tile of products_14x32__avx512.h, in
 * the same order and so with the same bits, for any numbers of which one group fills a 32-bit word.
 * The including file defines PC_GROUP and PC_MULTIPLY_ADD(sum, words of a window, words of the
 * weights), and PC_INTEGER_SUMS for sums that are integers.
 *
 * Depths are short here, so what a tile costs besides its products counts: five addresses for
 * fourteen windows stay in registers, and a tile leaves its sums without a look at what follows.
 * Fourteen short rows are too many streams for the processor to foresee, so the next cache line of
 * each is fetched while one is multiplied; weights, which come from afar, to the second-level cache
 * long before. */

enum { MULTIPLY_ROWS = 14, MULTIPLY_COLUMNS = 32, LINE_WORDS = 16, LINES_OF_WEIGHTS_AHEAD = 96 };

typedef int32_t __attribute__((aligned(1), may_alias)) window_word;

#ifdef PC_INTEGER_SUMS
typedef __m512i window_sum;

static inline __attribute__((always_inline)) window_sum first_sum(
    const pc_transform_scales *scales, size_t v) {
  return _mm512_loadu_si512(scales->corrections + 16 * v);
}

static inline __attribute__((always_inline)) __m512 product_of(
    window_sum sum, const pc_transform_scales *scales, size_t row, size_t v) {
  const __m512 scaled = _mm512_mul_ps(
      _mm512_cvtepi32_ps(sum), _mm512_loadu_ps(scales->columns + 16 * v));
  return _mm512_mul_ps(scaled, _mm512_set1_ps(scales->windows[row]));
}
#else
typedef __m512 window_sum;

static inline __attribute__((always_inline)) window_sum first_sum(
    const pc_transform_scales *scales, size_t v) {
  (void)scales, (void)v;
  return _mm512_setzero_ps();
}

static inline __attribute__((always_inline)) __m512 product_of(
    window_sum sum, const pc_transform_scales *scales, size_t row, size_t v) {
  (void)scales, (void)row, (void)v;
  return sum;
}
#endif

/* - next: the first window of the tile that follows.
 * - row: the first window among those that `scales` has. */
static inline __attribute__((always_inline)) void multiply_tile(
    const char *values, size_t pitch, const char *next, const window_word *weights, size_t words,
    const pc_transform_scales *scales, size_t row, float *products, const size_t rows) {
  window_sum sums[MULTIPLY_ROWS][2];
  const char *x[(MULTIPLY_ROWS + 2) / 3];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) {
    sums[r][0] = first_sum(scales, 0);
    sums[r][1] = first_sum(scales, 1);
    if (r % 3 == 0) x[r / 3] = values + r * pitch;
  }
  const window_word *end = weights + words * MULTIPLY_COLUMNS;
  while (weights < end) {
    const window_word *line = weights + LINE_WORDS * MULTIPLY_COLUMNS;
    const int is_last = line >= end;
    const ptrdiff_t ahead = is_last ? next - x[0] : LINE_WORDS * (ptrdiff_t)sizeof(window_word);
    if (is_last) line = end;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) __builtin_prefetch(x[r / 3] + ahead + r % 3 * pitch);
#pragma clang loop unroll(disable)
    for (; weights < line; weights += MULTIPLY_COLUMNS) {
      const __m512i w[2] = {_mm512_loadu_si512(weights), _mm512_loadu_si512(weights + LINE_WORDS)};
      const window_word *later = weights + LINES_OF_WEIGHTS_AHEAD * LINE_WORDS;
      __builtin_prefetch(later, 0, 2);
      __builtin_prefetch(later + LINE_WORDS, 0, 2);
#pragma clang loop unroll(full)
      for (size_t r = 0; r < rows; r++) {
        const __m512i value =
            _mm512_set1_epi32(*(const window_word *)(x[r / 3] + r % 3 * pitch));
        sums[r][0] = PC_MULTIPLY_ADD(sums[r][0], value, w[0]);
        sums[r][1] = PC_MULTIPLY_ADD(sums[r][1], value, w[1]);
        if (r % 3 == 2 || r + 1 == rows) x[r / 3] += sizeof(window_word);
      }
    }
  }
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) {
    float *to = products + (row + r) * MULTIPLY_COLUMNS;
    _mm512_storeu_ps(to, product_of(sums[r][0], scales, row + r, 0));
    _mm512_storeu_ps(to + 16, product_of(sums[r][1], scales, row + r, 1));
  }
}

#define PC_MULTIPLY_CASE(rows)                                                                \
  case rows:                                                                                  \
    multiply_tile(                                                                            \
        values, pitch, next, weights, depth / PC_GROUP, scales, row, products, rows);         \
    break;

static void multiply_rows(
    const char *values, size_t pitch, size_t rows, const char *next, const void *weights,
    size_t depth, const pc_transform_scales *scales, size_t row, float *products) {
  switch (rows) {
    PC_MULTIPLY_CASE(1) PC_MULTIPLY_CASE(2) PC_MULTIPLY_CASE(3) PC_MULTIPLY_CASE(4)
    PC_MULTIPLY_CASE(5) PC_MULTIPLY_CASE(6) PC_MULTIPLY_CASE(7) PC_MULTIPLY_CASE(8)
    PC_MULTIPLY_CASE(9) PC_MULTIPLY_CASE(10) PC_MULTIPLY_CASE(11) PC_MULTIPLY_CASE(12)
    PC_MULTIPLY_CASE(13) PC_MULTIPLY_CASE(14)
  }
}

static void multiply_windows(
    const void *values, size_t pitch, size_t windows, const void *next, const void *weights,
    size_t depth, const pc_transform_scales *scales, float *products) {
  const char *from = values;
  size_t row = 0;
  for (; windows - row > MULTIPLY_ROWS; row += MULTIPLY_ROWS) {
    const char *tile = from + MULTIPLY_ROWS * pitch;
    multiply_rows(from, pitch, MULTIPLY_ROWS, tile, weights, depth, scales, row, products);
    from = tile;
  }
  multiply_rows(from, pitch, windows - row, next, weights, depth, scales, row, products);
}
