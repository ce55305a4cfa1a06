#ifndef PC_SEGMENTS_H
#define PC_SEGMENTS_H

#include "pc_convolution.h"

/* Pixels of a tile that follow each other in a row of an image; `first` is the place in the tile.
 * */
typedef struct {
  size_t first;
  size_t count;
  size_t image;
  size_t row;
  size_t column;
} pc_run;

/* Cuts `rows` output pixels from `first`, counted through all images, into runs, and returns how
 * many there are. */
size_t pc_find_runs(const pc_convolution *convolution, size_t first, size_t rows, pc_run *runs);

/* The length in depth of one tap. */
size_t pc_tap_depth(const pc_convolution *convolution, const pc_tile_kernel *kernel);

/* Bytes that the segments of a tile and what they need take, a multiple of 64. */
size_t pc_segment_bytes(const pc_convolution *convolution, const pc_tile_kernel *kernel);

/* Fills the segments of a tile, those of each part in turn, at the start of `scratch`. */
void pc_build_segments(
    const pc_convolution *convolution, const pc_tile_kernel *kernel, const pc_run *runs,
    size_t run_count, void *scratch);

#endif
