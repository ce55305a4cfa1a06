#include "../pc_epilogue.h"
#include "pc_tile.h"

/* 4 pixels by 8 channels in plain C: small enough for 16 four-lane registers, so compilers
 * vectorise it for any processor. */

void pc_f32_igemm_ukernel_4x8__scalar(const pc_tile *tile) {
  const size_t width = tile->columns > 4 ? 8 : 4;
  float sums[4][8] = {{0}};
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const float *weights = (const float *)tile->weights + segment->depth * width;
    for (size_t k = 0; k < segment->channels; k++, weights += width)
      for (size_t r = 0; r < tile->rows; r++) {
        const float value = ((const float *)segment->rows[r])[k];
        for (size_t c = 0; c < width; c++) sums[r][c] += value * weights[c];
      }
  }
  for (size_t r = 0; r < tile->rows; r++)
    for (size_t c = 0; c < tile->columns; c++) pc_write_output(tile, r, c, sums[r][c]);
}
