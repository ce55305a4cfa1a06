#include "../pc_epilogue.h"

/* The f32 tile of the same size over widened numbers. */

void pc_bf16_igemm_ukernel_4x8__scalar(const pc_tile *tile) {
  const size_t width = tile->columns > 4 ? 8 : 4;
  float sums[4][8] = {{0}};
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = tile->segments + s;
    const uint16_t *weights = (const uint16_t *)tile->weights + segment->depth * width;
    for (size_t k = 0; k < segment->channels; k++, weights += width)
      for (size_t r = 0; r < tile->rows; r++) {
        const float value = pc_bf16_value(((const uint16_t *)segment->rows[r])[k]);
        for (size_t c = 0; c < width; c++) sums[r][c] += value * pc_bf16_value(weights[c]);
      }
  }
  for (size_t r = 0; r < tile->rows; r++)
    for (size_t c = 0; c < tile->columns; c++) pc_write_output(tile, r, c, sums[r][c]);
}
