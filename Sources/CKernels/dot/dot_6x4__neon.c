#if defined(__aarch64__)
#include <arm_neon.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma STDC FP_CONTRACT OFF

/* Lanes run along depth: 6 pixels by 4 channels are 24 accumulators, fed by 4 weight vectors and 6
 * pixel vectors per 4 depths. Rows that the tile lacks repeat the first one and are not written. */

enum { ROWS = 6, COLUMNS = 4 };

/* The first `count` floats of x, followed by zeros. */
static inline __attribute__((always_inline)) float32x4_t load(const float *x, size_t count) {
  if (count >= 4) return vld1q_f32(x);
  float32x4_t y = vld1q_lane_f32(x, vdupq_n_f32(0), 0);
  if (count > 1) y = vld1q_lane_f32(x + 1, y, 1);
  if (count > 2) y = vld1q_lane_f32(x + 2, y, 2);
  return y;
}

static inline __attribute__((always_inline)) void add_depths(
    const float *const *x, const float *weights, size_t pitch, size_t k, size_t count,
    const size_t columns, float32x4_t (*sums)[COLUMNS]) {
  float32x4_t w[COLUMNS];
#pragma clang loop unroll(full)
  for (size_t c = 0; c < columns; c++) w[c] = load(weights + c * pitch + k, count);
#pragma clang loop unroll(full)
  for (size_t r = 0; r < ROWS; r++) {
    const float32x4_t value = load(x[r] + k, count);
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) sums[r][c] = vfmaq_f32(sums[r][c], value, w[c]);
  }
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t columns) {
  float32x4_t sums[ROWS][COLUMNS];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) sums[r][c] = vdupq_n_f32(0);
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const float *weights = tile->weights;
    weights += segment->depth;
    const size_t whole = segment->channels / 4 * 4;
    const size_t rest = segment->channels - whole;
    const float *x[ROWS];
#pragma clang loop unroll(full)
    for (size_t r = 0; r < ROWS; r++) x[r] = segment->rows[r < tile->rows ? r : 0];
    for (size_t k = 0; k < whole; k += 4)
      add_depths(x, weights, tile->total_depth, k, 4, columns, sums);
    if (rest) add_depths(x, weights, tile->total_depth, whole, rest, columns, sums);
  }
  float stored[ROWS][COLUMNS];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < ROWS; r++)
#pragma clang loop unroll(full)
    for (size_t c = 0; c < columns; c++) stored[r][c] = vaddvq_f32(sums[r][c]);
  for (size_t r = 0; r < tile->rows; r++)
    for (size_t c = 0; c < columns; c++) pc_write_output(tile, r, c, stored[r][c]);
}

void pc_f32_dot_ukernel_6x4__neon(const pc_tile *tile) {
  switch (tile->columns) {
    case 1: return multiply(tile, 1);
    case 2: return multiply(tile, 2);
    case 3: return multiply(tile, 3);
    case 4: return multiply(tile, 4);
  }
}

#endif
