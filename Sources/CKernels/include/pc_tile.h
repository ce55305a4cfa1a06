#ifndef PC_TILE_H
#define PC_TILE_H

#include <stddef.h>

/* One register tile of an indirect matrix product: a few output pixels by a few output channels.
 *
 * The inputs of a pixel are not gathered. They are a list of segments, one per kernel tap and
 * picture part, and each segment holds one pointer per pixel to `channels` consecutive floats. A
 * border or masked-out pixel points at a row of zeros, an upsampled one at the pixel it repeats, so
 * borders, masks, upsampling and concatenation cost no pass over memory. */

enum { PC_MAX_TILE_ROWS = 16, PC_MAX_BIASES = 4, PC_MAX_ADDENDS = 9 };

typedef enum {
  PC_ACTIVATION_NONE,
  PC_ACTIVATION_RELU,
  PC_ACTIVATION_LEAKY_RELU,
  PC_ACTIVATION_SIGMOID,
  PC_ACTIVATION_TANH
} pc_activation;

/* `depth` is the place of the segment's first channel in the order of the packed weights. */
typedef struct {
  size_t channels;
  size_t depth;
  const float *rows[PC_MAX_TILE_ROWS];
} pc_segment;

/* y[r][c] = activation(sum * scale[c] * ratio[r] + bias[0][c] * plane[0][r] + ...): `scale` has one
 * value per channel, `ratio` and each plane one per pixel; any may be NULL, which means 1. To `sum`
 * belong addends[0][r][first_column + c] + addends[1][r][first_column + c] + ..., added in this
 * order to the products. Sigmoid and tanh are left to the caller. `weights` is the panel of this
 * block of channels; `total_depth` is its length in depth. */
typedef struct {
  const pc_segment *segments;
  size_t segment_count;
  const float *weights;
  size_t total_depth;
  size_t rows;
  size_t columns;
  float *output;
  size_t output_stride;
  size_t first_column;
  size_t addend_count;
  const float *addends[PC_MAX_ADDENDS][PC_MAX_TILE_ROWS];
  const float *scale;
  const float *ratio;
  size_t bias_count;
  const float *bias[PC_MAX_BIASES];
  const float *plane[PC_MAX_BIASES];
  pc_activation activation;
  float slope;
} pc_tile;

typedef void (*pc_tile_ukernel)(const pc_tile *tile);

/* How a micro-kernel wants its weights.
 * PANELS: blocks of `columns` output channels, each [depth][columns]; a last block of at most half
 * the columns is [depth][columns / 2].
 * ROWS: blocks of `columns` output channels, each [columns][depth]. */
typedef enum { PC_WEIGHTS_PANELS, PC_WEIGHTS_ROWS } pc_weight_order;

typedef struct {
  const char *isa;
  const char *name;
  pc_tile_ukernel run;
  size_t rows;
  size_t columns;
  pc_weight_order order;
} pc_tile_kernel;

#define PC_TILE_KERNEL(isa, symbol, rows, columns, order) void symbol(const pc_tile *tile);
#include "igemm.inc"
#include "dot.inc"
#undef PC_TILE_KERNEL

/* Floats that the packed form of [outputs, depth] weights takes. */
size_t pc_packed_weight_count(const pc_tile_kernel *kernel, size_t outputs, size_t depth);

/* Packs `weights` [outputs][channels][taps] into `packed`; depth runs over taps, then channels. */
void pc_pack_weights(
    const pc_tile_kernel *kernel, const float *weights, size_t outputs, size_t channels,
    size_t taps, float *packed);

#endif
