#ifndef PC_CONVOLUTION_H
#define PC_CONVOLUTION_H

#include <stdint.h>

#include "pc_tile.h"

/* Pictures in memory are [image][row][column][channel]; planes are [image][row][column].
 *
 * One of the pictures whose channels the kernel sees joined: `height` by `width` pixels, each
 * repeated `upsampling` times along both axes. `mask` scales each stored pixel and may be NULL.
 * `channels` numbers are read of every `pixel_stride`. `zeros` is a pixel that means zeros: as many
 * numbers, padded to the kernel's group, of `zero_point`, which is 0 unless they are u8.
 *
 * `row_places` and `column_places` say where a row or column under the window lies: entry t is for
 * the place t of the joined, upsampled and bordered picture, counted from the border, and holds the
 * stored row times `width`, or the stored column; -1 on the border.
 *
 * Where there are `spans`, a pixel's channels are that many runs of consecutive numbers, the first
 * number of each `span_pitch` after that of the run before, which kernels see side by side: a
 * window under which channels are few is one pixel. Up to 15 bytes after a run are read too. Such a
 * picture has no mask. */
typedef struct {
  const void *pixels;
  const float *mask;
  const void *zeros;
  uint8_t zero_point;
  size_t channels;
  size_t spans;
  size_t span_pitch;
  size_t pixel_stride;
  size_t height;
  size_t width;
  size_t upsampling;
  const int32_t *row_places;
  const int32_t *column_places;
} pc_picture;

typedef struct {
  const float *vector;
  const float *plane;
} pc_bias;

/* A picture of finished sums, f32 or i32 as the kernel's own, that the convolution adds to them
 * before anything else. Output pixel (row, column) takes the stored pixel row_places[row] +
 * column_places[column] of the `area` pixels of its image, as in `pc_picture`, and all output
 * channels from there. */
typedef struct {
  const void *pixels;
  size_t pixel_stride;
  size_t area;
  const int32_t *row_places;
  const int32_t *column_places;
} pc_addend;

/* A convolution as indirect matrix product. Pairs are rows, columns; `padding` is top, left.
 * `zeros` has as many zeros of 4 bytes as there are `outputs`; it is read with addends only.
 * Weights are packed for the kernel that runs, whose numbers pictures and weights have. A mask
 * value of 0 reads a part's `zeros`, 1 the pixel itself, another a scaled and rounded copy; over u8
 * masks are in 0...1. At most PC_MAX_ADDENDS addends, and with strides of 1 only. `integer_parts`
 * has an entry for each part of u8 numbers. Sigmoid and tanh need an f32 output. Fields that a tile
 * has too mean the same. */
typedef struct {
  const pc_picture *parts;
  const pc_integer_part *integer_parts;
  size_t part_count;
  size_t kernel[2];
  size_t stride[2];
  size_t dilation[2];
  size_t padding[2];
  size_t images;
  size_t height;
  size_t width;
  const pc_addend *addends;
  size_t addend_count;
  float addend_scale;
  const void *zeros;
  const void *weights;
  size_t outputs;
  void *output;
  size_t output_stride;
  pc_storage storage;
  float reciprocal;
  int32_t zero_point;
  const float *scale;
  const float *ratio;
  const pc_bias *biases;
  size_t bias_count;
  pc_activation activation;
  float slope;
} pc_convolution;

/* Entries of a place table along axis 0 (rows) or 1 (columns). */
size_t pc_place_count(const pc_convolution *convolution, int axis);

/* Fills a place table of `part`. */
void pc_fill_places(
    const pc_convolution *convolution, const pc_picture *part, int axis, int32_t *places);

/* Bytes of scratch memory, aligned to 64, that one call of `pc_convolution_run` needs. */
size_t pc_convolution_scratch_size(const pc_convolution *convolution, const pc_tile_kernel *kernel);

/* Computes output pixels `first..<first + count`, counted through all images, of `block_count`
 * blocks of the kernel's output channels. Calls for other pixels or blocks may run at the same
 * time. */
void pc_convolution_run(
    const pc_convolution *convolution, const pc_tile_kernel *kernel, size_t first, size_t count,
    size_t first_block, size_t block_count, void *scratch);

#endif
