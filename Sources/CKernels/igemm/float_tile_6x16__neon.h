/* A tile of 6 pixels by 16 channels of floating-point numbers; the including file defines PC_NUMBER,
 * and `load` and `load_one`, which make a vector of four numbers, or of one repeated.
 *
 * 24 accumulators, a vector of 4 depths of each pixel and a weight vector or two fill the 32
 * registers. Multiply-adds take a pixel's value from a lane, so 22 loads feed 96 of them and nothing
 * is broadcast. A block of at most 8 channels uses two vectors of weights instead of four. Rows do
 * not mix, and the last depths of a segment follow the others in order, so a pixel's bits do not
 * depend on its neighbours in the tile. */

enum { ROWS = 6, COLUMNS = 16 };

static inline float32x4_t activate(float32x4_t y, const pc_tile *tile) {
  if (tile->activation == PC_ACTIVATION_RELU)
    return vbslq_f32(vcltzq_f32(y), vdupq_n_f32(0), y);
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU)
    return vbslq_f32(vcltzq_f32(y), vmulq_n_f32(y, tile->slope), y);
  return y;
}

static inline void write_vector(const pc_tile *tile, size_t r, size_t c, float32x4_t y) {
  for (size_t j = 0; j < tile->addend_count; j++) {
    const float *addend = tile->addends[j][r];
    y = vaddq_f32(y, vld1q_f32(addend + tile->first_column + c));
  }
  if (tile->scale) y = vmulq_f32(y, vld1q_f32(tile->scale + c));
  if (tile->ratio) y = vmulq_n_f32(y, tile->ratio[r]);
  for (size_t j = 0; j < tile->bias_count; j++) {
    float32x4_t term = vld1q_f32(tile->bias[j] + c);
    if (tile->plane[j]) term = vmulq_n_f32(term, tile->plane[j][r]);
    y = vaddq_f32(y, term);
  }
  float *output = tile->output;
  vst1q_f32(output + r * tile->output_stride + c, activate(y, tile));
}

static void finish(const pc_tile *tile, const float (*sums)[COLUMNS]) {
  const size_t whole = tile->storage == PC_STORE_F32 ? tile->columns / 4 * 4 : 0;
  for (size_t r = 0; r < tile->rows; r++) {
    size_t c = 0;
    for (; c < whole; c += 4) write_vector(tile, r, c, vld1q_f32(sums[r] + c));
    for (; c < tile->columns; c++) pc_write_output(tile, r, c, sums[r][c]);
  }
}

/* Adds the products of the depth that lies in lane `lane` of `values`. */
#define PC_ADD_DEPTH(lane)                                                   \
  _Pragma("clang loop unroll(full)")                                         \
  for (size_t v = 0; v < vectors; v++) {                                     \
    const float32x4_t w = load(weights + 4 * (lane * vectors + v));          \
    _Pragma("clang loop unroll(full)")                                       \
    for (size_t r = 0; r < rows; r++)                                        \
      sums[r][v] = vfmaq_laneq_f32(sums[r][v], w, values[r], lane);          \
  }

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  float32x4_t sums[ROWS][COLUMNS / 4];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = vdupq_n_f32(0);
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const PC_NUMBER *weights = tile->weights;
    weights += segment->depth * 4 * vectors;
    const size_t channels = segment->channels;
    const PC_NUMBER *x[ROWS];
    float32x4_t values[ROWS];
    size_t k = 0;
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) x[r] = segment->rows[r];
#pragma clang loop unroll(disable)
    for (; k + 4 <= channels; k += 4, weights += 16 * vectors) {
#pragma clang loop unroll(full)
      for (size_t r = 0; r < rows; r++) values[r] = load(x[r] + k);
      PC_ADD_DEPTH(0) PC_ADD_DEPTH(1) PC_ADD_DEPTH(2) PC_ADD_DEPTH(3)
    }
#pragma clang loop unroll(disable)
    for (; k < channels; k++, weights += 4 * vectors) {
#pragma clang loop unroll(full)
      for (size_t r = 0; r < rows; r++) values[r] = load_one(x[r] + k);
      PC_ADD_DEPTH(0)
    }
  }
  float stored[ROWS][COLUMNS];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) vst1q_f32(stored[r] + 4 * v, sums[r][v]);
  finish(tile, stored);
}

#define PC_CASE_6X16(rows) \
  case rows: \
    return tile->columns > 8 ? multiply(tile, rows, 4) : multiply(tile, rows, 2);

/* A micro-kernel: `multiply` for every size of the tile. */
#define PC_UKERNEL_6X16(symbol)                                  \
  void symbol(const pc_tile *tile) {                             \
    pc_prefetch_addends(tile);                                   \
    switch (tile->rows) {                                        \
      PC_CASE_6X16(1) PC_CASE_6X16(2) PC_CASE_6X16(3)            \
      PC_CASE_6X16(4) PC_CASE_6X16(5) PC_CASE_6X16(6)            \
    }                                                            \
  }
