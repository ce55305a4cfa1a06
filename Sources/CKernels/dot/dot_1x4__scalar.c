#include "../pc_epilogue.h"
#include "pc_tile.h"

/* One pixel at a time; eight partial sums per channel let compilers vectorise along depth. */

void pc_f32_dot_ukernel_1x4__scalar(const pc_tile *tile) {
  for (size_t c = 0; c < tile->columns; c++) {
    float partial[8] = {0};
    for (size_t s = 0; s < tile->segment_count; s++) {
      const pc_segment *segment = tile->segments + s;
      const float *weights = (const float *)tile->weights + c * tile->total_depth + segment->depth;
      const float *x = segment->rows[0];
      size_t k = 0;
      for (; k + 8 <= segment->channels; k += 8)
        for (size_t lane = 0; lane < 8; lane++) partial[lane] += x[k + lane] * weights[k + lane];
      for (size_t lane = 0; k < segment->channels; k++, lane++) partial[lane] += x[k] * weights[k];
    }
    for (size_t half = 4; half > 0; half /= 2)
      for (size_t lane = 0; lane < half; lane++) partial[lane] += partial[lane + half];
    pc_write_output(tile, 0, c, partial[0]);
  }
}
