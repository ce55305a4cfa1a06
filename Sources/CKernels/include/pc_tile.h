#ifndef PC_TILE_H
#define PC_TILE_H

#include <stddef.h>
#include <stdint.h>

/* One register tile of an indirect matrix product: a few output pixels by a few output channels.
 *
 * The inputs of a pixel are not gathered. They are a list of segments, one per kernel tap and
 * picture part, and each segment holds one pointer per pixel to `channels` consecutive numbers. A
 * border or masked-out pixel points at a row that means zeros, an upsampled one at the pixel it
 * repeats, so borders, masks, upsampling and concatenation cost no pass over memory. */

enum { PC_MAX_TILE_ROWS = 16, PC_MAX_TILE_COLUMNS = 32, PC_MAX_BIASES = 4, PC_MAX_ADDENDS = 4 };

typedef enum {
  PC_ACTIVATION_NONE,
  PC_ACTIVATION_RELU,
  PC_ACTIVATION_LEAKY_RELU,
  PC_ACTIVATION_SIGMOID,
  PC_ACTIVATION_TANH
} pc_activation;

/* What is multiplied and summed: f32 with f32, bf16 with bf16 summed as f32, or u8 pictures with i8
 * weights summed exactly as i32. */
typedef enum { PC_F32, PC_BF16, PC_U8S8 } pc_arithmetic;

/* How a result is stored. U8: y * `reciprocal`, rounded to even, plus `zero_point`, in 0...255; 0
 * for NaN. I32: the bare sum, of PC_U8S8 only. */
typedef enum { PC_STORE_F32, PC_STORE_BF16, PC_STORE_U8, PC_STORE_I32 } pc_storage;

/* `depth` is the place of the segment's first channel in the order of the packed weights. Both are
 * multiples of the kernel's `group`. */
typedef struct {
  size_t channels;
  size_t depth;
  const void *rows[PC_MAX_TILE_ROWS];
} pc_segment;

/* What the integer sum of one picture part means: scale * (sum + correction[channel]). The
 * corrections take back the zero point, as -zero_point * (sum of the channel's weights), and are
 * padded to whole blocks of channels. */
typedef struct {
  float scale;
  const int32_t *correction;
} pc_integer_part;

/* y[r][c] = activation(sum * scale[c] * ratio[r] + bias[0][c] * plane[0][r] + ...): `scale` has one
 * value per channel, `ratio` and each plane one per pixel; any may be NULL, which means 1. To `sum`
 * belong addends[0][r][first_column + c] + addends[1][r][first_column + c] + ..., added in this
 * order to the products. Sigmoid and tanh are left to the caller. `weights` is the panel of this
 * block of channels; `total_depth` is its length in depth.
 *
 * For PC_U8S8 addends are i32 that form one more part, after all others, scaled by `addend_scale`;
 * each of the `part_count` parts has `segments_per_part` segments in turn and an entry of
 * `integer_parts`. */
typedef struct {
  const pc_segment *segments;
  size_t segment_count;
  size_t part_count;
  size_t segments_per_part;
  const pc_integer_part *integer_parts;
  const void *weights;
  size_t total_depth;
  size_t rows;
  size_t columns;
  void *output;
  size_t output_stride;
  pc_storage storage;
  float reciprocal;
  int32_t zero_point;
  size_t first_column;
  size_t addend_count;
  const void *addends[PC_MAX_ADDENDS][PC_MAX_TILE_ROWS];
  float addend_scale;
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
 * PANELS: blocks of `columns` output channels, each [depth / group][columns][group]; a last block
 * of at most half the columns is [depth / group][columns / 2][group].
 * ROWS: blocks of `columns` output channels, each [columns][depth].
 * In both the channels of each part are padded with zero weights to whole groups, which are powers
 * of 2. */
typedef enum { PC_WEIGHTS_PANELS, PC_WEIGHTS_ROWS } pc_weight_order;

typedef struct {
  const char *isa;
  const char *name;
  pc_tile_ukernel run;
  pc_arithmetic arithmetic;
  size_t rows;
  size_t columns;
  size_t group;
  pc_weight_order order;
} pc_tile_kernel;

#define PC_TILE_KERNEL(isa, symbol, arithmetic, rows, columns, group, order) \
  void symbol(const pc_tile *tile);
#include "bf16_igemm.inc"
#include "dot.inc"
#include "igemm.inc"
#include "u8s8_igemm.inc"
#undef PC_TILE_KERNEL

/* Bytes of one number of a picture, or of the weights. */
static inline size_t pc_number_size(pc_arithmetic arithmetic) {
  return arithmetic == PC_F32 ? 4 : arithmetic == PC_BF16 ? 2 : 1;
}

/* Bytes of one stored result. */
static inline size_t pc_stored_size(pc_storage storage) {
  return storage == PC_STORE_U8 ? 1 : storage == PC_STORE_BF16 ? 2 : 4;
}

/* `channels`, padded to a multiple of the kernel's group. */
static inline size_t pc_padded_channels(const pc_tile_kernel *kernel, size_t channels) {
  return (channels + kernel->group - 1) / kernel->group * kernel->group;
}

/* Weights [outputs][channels of all parts in turn][taps] of numbers as in the pictures, or i8 for
 * PC_U8S8.
 *
 * They may be some of the channels and taps of larger weights: `part_starts` then says where the
 * channels of each part begin in an output channel, `tap_places` where the taps are in a channel,
 * and the pitches how far apart, in numbers, channels and output channels lie. What is NULL or 0
 * is as it is where there is nothing else. */
typedef struct {
  const void *weights;
  size_t outputs;
  const size_t *part_channels;
  size_t part_count;
  size_t taps;
  const size_t *part_starts;
  const size_t *tap_places;
  size_t channel_pitch;
  size_t output_pitch;
} pc_weights;

/* Numbers in the packed form of the weights. */
size_t pc_packed_weight_count(const pc_tile_kernel *kernel, const pc_weights *weights);

/* Packs weights; depth runs over taps, then parts, then channels. */
void pc_pack_weights(const pc_tile_kernel *kernel, const pc_weights *weights, void *packed);

/* Writes the sum of the i8 weights of each part and output channel to sums[part][output]. */
void pc_sum_weights(const pc_weights *weights, int32_t *sums);

#endif
