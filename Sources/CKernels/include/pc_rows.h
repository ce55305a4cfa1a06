#ifndef PC_ROWS_H
#define PC_ROWS_H

#include "pc_convolution.h"

/* Convolutions with few output channels of few input channels: lanes run along the pixels of an
 * output row, so none is wasted on channels that are not there. */

enum { PC_MAX_ROW_OUTPUTS = 4 };

/* `convolution` is as for tiles, but for its weights, f32 [channels of all parts][taps][outputs],
 * and its addends, which are not read. Of the integer parts the corrections are not read; their
 * sums must stay below 2^24, where f32 is exact.
 *
 * `tap_sums`, which may be NULL, is a picture of half the height and width of the result, each
 * pixel of which is 2 by 2 of those under a window of 3 by 3 with a border of 1. It holds the sums
 * that each tap has at a pixel, [taps][outputs], f32 or, for PC_U8S8, i32; an output takes those of
 * the pixels under its window. As i32 they form one more part, after all others, scaled by the
 * `addend_scale` of the convolution. */
typedef struct {
  const pc_convolution *convolution;
  pc_arithmetic arithmetic;
  const pc_picture *tap_sums;
} pc_row_convolution;

/* Pixels `begin..<end`, counted through all images. */
typedef struct {
  size_t begin;
  size_t end;
} pc_pixel_range;

typedef struct {
  const char *isa;
  const char *name;
  /* Computes the output pixels of `count` ascending ranges; those of one row share what is staged
   * for it. A pixel's bits do not depend on the other pixels of the call. */
  void (*run)(
      const pc_row_convolution *task, const pc_pixel_range *ranges, size_t count, void *scratch);
} pc_row_kernel;

#define PC_ROW_KERNEL(isa, symbol) \
  void symbol( \
      const pc_row_convolution *task, const pc_pixel_range *ranges, size_t count, void *scratch);
#include "rows.inc"
#undef PC_ROW_KERNEL

/* The rows of the family, best first; the scalar row is last. */
const pc_row_kernel *pc_row_kernels(size_t *count);

/* Bytes of scratch memory, aligned to 64, that one call of a kernel needs. */
size_t pc_row_scratch_size(const pc_row_convolution *task);

#endif
