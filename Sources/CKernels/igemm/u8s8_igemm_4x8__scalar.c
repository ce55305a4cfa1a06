#include "../pc_epilogue.h"

#pragma STDC FP_CONTRACT OFF

/* 4 pixels by 8 channels in plain C, one part of the picture after another. */

static void sum_part(const pc_tile *tile, size_t part, int32_t (*sums)[8]) {
  const size_t width = tile->columns > 4 ? 8 : 4;
  const int32_t *correction = tile->integer_parts[part].correction + tile->first_column;
  for (size_t r = 0; r < tile->rows; r++)
    for (size_t c = 0; c < width; c++) sums[r][c] = correction[c];
  const pc_segment *segment = tile->segments + part * tile->segments_per_part;
  for (size_t s = 0; s < tile->segments_per_part; s++, segment++) {
    const int8_t *weights = (const int8_t *)tile->weights + segment->depth * width;
    for (size_t k = 0; k < segment->channels; k++, weights += width)
      for (size_t r = 0; r < tile->rows; r++) {
        const int32_t value = ((const uint8_t *)segment->rows[r])[k];
        for (size_t c = 0; c < width; c++) sums[r][c] += value * weights[c];
      }
  }
}

void pc_u8s8_igemm_ukernel_4x8__scalar(const pc_tile *tile) {
  float totals[4][8] = {{0}};
  for (size_t part = 0; part < tile->part_count; part++) {
    const float scale = tile->integer_parts[part].scale;
    int32_t sums[4][8];
    sum_part(tile, part, sums);
    for (size_t r = 0; r < tile->rows; r++)
      for (size_t c = 0; c < tile->columns; c++) {
        if (tile->storage == PC_STORE_I32)
          ((int32_t *)tile->output)[r * tile->output_stride + c] = sums[r][c];
        totals[r][c] = totals[r][c] + (float)sums[r][c] * scale;
      }
  }
  if (tile->storage == PC_STORE_I32) return;
  for (size_t r = 0; r < tile->rows; r++)
    for (size_t c = 0; c < tile->columns; c++) {
      const float addend = (float)pc_integer_addend(tile, r, c) * tile->addend_scale;
      pc_finish_output(tile, r, c, tile->addend_count ? totals[r][c] + addend : totals[r][c]);
    }
}
