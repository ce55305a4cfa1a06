#ifndef PC_LAYOUT_H
#define PC_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "pc_tile.h"

/* Copies pixels by index: y[row][column] = x[rows[row]][columns[column]], or zeros where an index
 * is negative. `mask`, which may be NULL, scales each source pixel, whose numbers are then rounded
 * to what they are; a mask of 0 gives zeros. Zeros of PC_U8S8 are `zero_point`. `padding` numbers
 * of 0 follow the channels. Strides are numbers between pixels. Upsampling, resizing, borders,
 * joins and slices are all this. */
typedef struct {
  pc_arithmetic arithmetic;
  uint8_t zero_point;
  const void *x;
  size_t x_stride;
  size_t x_width;
  const float *mask;
  void *y;
  size_t y_stride;
  size_t channels;
  size_t padding;
  const int32_t *rows;
  const int32_t *columns;
  size_t y_width;
} pc_gather;

/* Copies the destination rows `first..<first + count`. */
void pc_gather_pixels(const pc_gather *gather, size_t first, size_t count);

/* Repeats each value of a plane `channels` times. */
void pc_f32_expand(const float *x, float *y, size_t count, size_t channels);

/* Transposes elements of 1, 2, 4 or 8 bytes: y[column][row] = x[row][column]. A pitch is the number
 * of elements from one row of x, or column in y, to the next. x and y do not overlap. */
void pc_transpose(
    const void *x, size_t x_pitch, void *y, size_t y_pitch, size_t rows, size_t columns,
    size_t element_size);

#endif
