#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma STDC FP_CONTRACT OFF

/* 6 pixels by 16 channels. Bytes are widened to 16 bits as they are loaded; the multiply-add takes a
 * pixel's value from a lane and sums exactly in 32 bits. Each part of the picture fills the
 * accumulators anew, as its sums have a scale of their own. */

enum { ROWS = 6, COLUMNS = 16 };

/* Adds the products of the depth that lies in lane `lane` of `values`. */
#define PC_ADD_DEPTH(lane)                                                                      \
  _Pragma("clang loop unroll(full)")                                                            \
  for (size_t v = 0; v < vectors; v += 2) {                                                     \
    const int16x8_t w = vmovl_s8(vld1_s8(weights + 4 * (lane * vectors + v)));                  \
    _Pragma("clang loop unroll(full)")                                                          \
    for (size_t r = 0; r < rows; r++) {                                                         \
      sums[r][v] = vmlal_laneq_s16(sums[r][v], vget_low_s16(w), values[r], lane);               \
      sums[r][v + 1] = vmlal_laneq_s16(sums[r][v + 1], vget_high_s16(w), values[r], lane);      \
    }                                                                                           \
  }

static inline __attribute__((always_inline)) void add_products(
    const pc_tile *tile, const pc_segment *segment, int32x4_t (*sums)[COLUMNS / 4],
    const size_t rows, const size_t vectors) {
  const int8_t *weights = (const int8_t *)tile->weights + segment->depth * 4 * vectors;
  const size_t channels = segment->channels;
  const uint8_t *x[ROWS];
  int16x8_t values[ROWS];
  size_t k = 0;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++) x[r] = segment->rows[r];
#pragma clang loop unroll(disable)
  for (; k + 8 <= channels; k += 8, weights += 32 * vectors) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++)
      values[r] = vreinterpretq_s16_u16(vmovl_u8(vld1_u8(x[r] + k)));
    PC_ADD_DEPTH(0) PC_ADD_DEPTH(1) PC_ADD_DEPTH(2) PC_ADD_DEPTH(3)
    PC_ADD_DEPTH(4) PC_ADD_DEPTH(5) PC_ADD_DEPTH(6) PC_ADD_DEPTH(7)
  }
#pragma clang loop unroll(disable)
  for (; k < channels; k++, weights += 4 * vectors) {
#pragma clang loop unroll(full)
    for (size_t r = 0; r < rows; r++) values[r] = vdupq_n_s16(x[r][k]);
    PC_ADD_DEPTH(0)
  }
}

static inline __attribute__((always_inline)) void sum_part(
    const pc_tile *tile, size_t part, int32_t (*integers)[COLUMNS], const size_t rows,
    const size_t vectors) {
  const int32_t *correction = tile->integer_parts[part].correction + tile->first_column;
  int32x4_t sums[ROWS][COLUMNS / 4];
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = vld1q_s32(correction + 4 * v);
  const pc_segment *segment = tile->segments + part * tile->segments_per_part;
  for (size_t s = 0; s < tile->segments_per_part; s++)
    add_products(tile, segment + s, sums, rows, vectors);
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) vst1q_s32(integers[r] + 4 * v, sums[r][v]);
}

static inline __attribute__((always_inline)) void multiply(
    const pc_tile *tile, const size_t rows, const size_t vectors) {
  float totals[ROWS][COLUMNS] = {{0}};
  for (size_t part = 0; part < tile->part_count; part++) {
    int32_t integers[ROWS][COLUMNS];
    sum_part(tile, part, integers, rows, vectors);
    if (tile->storage == PC_STORE_I32) {
      for (size_t r = 0; r < rows; r++)
        memcpy(
            (int32_t *)tile->output + r * tile->output_stride, integers[r],
            tile->columns * sizeof(int32_t));
      return;
    }
    const float scale = tile->integer_parts[part].scale;
    for (size_t r = 0; r < rows; r++)
      for (size_t c = 0; c < tile->columns; c++)
        totals[r][c] = totals[r][c] + (float)integers[r][c] * scale;
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < tile->columns; c++) {
      const float addend = (float)pc_integer_addend(tile, r, c) * tile->addend_scale;
      pc_finish_output(tile, r, c, tile->addend_count ? totals[r][c] + addend : totals[r][c]);
    }
}

#define PC_CASE(rows) \
  case rows: \
    return tile->columns > 8 ? multiply(tile, rows, 4) : multiply(tile, rows, 2);

void pc_u8s8_igemm_ukernel_6x16__neon(const pc_tile *tile) {
  pc_prefetch_addends(tile);
  switch (tile->rows) {
    PC_CASE(1) PC_CASE(2) PC_CASE(3) PC_CASE(4) PC_CASE(5) PC_CASE(6)
  }
}

#endif
