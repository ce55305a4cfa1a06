#ifndef PC_TRANSFORM_H
#define PC_TRANSFORM_H

#include <stddef.h>
#include <stdint.h>

#include "pc_convolution.h"
#include "pc_tile.h"

/* Convolutions in a transform domain (Toom-Cook, Winograd).
 *
 * Along one axis a form takes a window of data d to values v = B d, multiplies each value with the
 * transformed weights u = G w of one or more products, and takes the products to outputs y = A m.
 * Pictures, values and transformed weights are all f32 or all bf16, or pictures are u8 and weights
 * i8, and their values and transformed weights are rounded to 8 bits anew; the transforms
 * themselves and the products are f32, and weights are transformed as f64. Each value is the
 * remainder of the data polynomial at one point; the last belongs to the point at infinity, which
 * weights of one tap fewer than the form has do not touch. In two dimensions A, B and G act on rows
 * and columns, and each of products^2 products is a matrix product over channels, whose rows are
 * windows. */

enum { PC_MAX_TRANSFORM_SIDE = 8, PC_MAX_TRANSFORM_TAPS = 4, PC_MAX_TRANSFORM_TERMS = 4 };

/* The sizes of a form along one axis. Product p multiplies the value `value_of_product[p]`, and
 * goes into output o where bit p of `products_of_output[o]` is set. */
typedef struct {
  const char *name;
  size_t window;
  size_t values;
  size_t products;
  size_t outputs;
  size_t taps;
  uint8_t products_of_output[PC_MAX_TRANSFORM_SIDE];
  size_t value_of_product[PC_MAX_TRANSFORM_SIDE];
} pc_transform_form_size;

/* Every form, in the order of `transform_forms.inc`. */
const pc_transform_form_size *pc_transform_forms(size_t *count);

/* A picture, or every `stride`-th row and column of one, as data of a term. The window of the
 * sub-tile (i, j) starts at row first[0] + i * advance and column first[1] + j * advance. `mask`
 * scales each stored pixel and may be NULL; pixels with mask 0 and pixels outside are zeros, which
 * `zeros` has for every channel. A u8 number q means scale * (q - zero_point). depth[r][c] is the
 * place of the first channel among those of a value, where r and c say whether the value belongs to
 * infinity along rows and columns; -1 where the weights do not touch it. */
typedef struct {
  const void *pixels;
  const void *zeros;
  const float *mask;
  size_t channels;
  size_t pixel_stride;
  size_t height;
  size_t width;
  size_t stride;
  ptrdiff_t first[2];
  size_t advance;
  ptrdiff_t depth[2][2];
  float scale;
  uint8_t zero_point;
} pc_transform_source;

/* v = B d B^T channel by channel: `pixels` has window^2 entries, and value (i, j) goes to values +
 * (i * values + j) * value_stride + depth[i is the last][j is the last] of the source, or nowhere
 * where that depth is negative. Values are numbers as in the pictures, but f32 where those are u8.
 * `scales`, which may be NULL, has a factor for each pixel. `next` are pixels to fetch into the
 * cache. Stores whole vectors, so up to 15 numbers behind the channels of each value are
 * overwritten. */
typedef void (*pc_transform_load_ukernel)(
    const void *const *pixels, const float *scales, const void *const *next,
    const pc_transform_source *source, void *values, size_t value_stride);

/* What the integer sums of a product mean: (sum + corrections[c]) * columns[c] * windows[row]. */
typedef struct {
  const int32_t *corrections;
  const float *columns;
  const float *windows;
} pc_transform_scales;

/* One product of `windows` windows, whose values lie `pitch` bytes apart, with a whole block of
 * weights, as the matrix product of the same set and numbers has it, to the bit. Rows of products
 * are as wide as the block. `next` are the values of the product that follows, to fetch into the
 * cache. `scales` count for u8 values only. */
typedef void (*pc_transform_multiply_ukernel)(
    const void *values, size_t pitch, size_t windows, const void *next, const void *weights,
    size_t depth, const pc_transform_scales *scales, float *products);

/* Rounds the values of one window to u8: those of each of side^2 values, depth[is in the last
 * row][is in the last column] numbers from values + value * value_stride on, are divided by a scale
 * that makes the largest of them 127 or -127, and stored 128 higher. `pitch` is the numbers between
 * values of the result, `scale_pitch` those between scales. Stores whole vectors of 16, and clears
 * `values` as far. */
typedef void (*pc_transform_round_values_ukernel)(
    float *values, size_t value_stride, size_t side, const size_t (*depth)[2],
    uint8_t *rounded, size_t pitch, float *scales, size_t scale_pitch);

/* Rounds one product of transformed weights [depth][columns] to i8 [depth / group][columns][group]
 * with a scale for each column, and corrections that take back the 128 of the values. */
typedef void (*pc_transform_round_weights_ukernel)(
    const float *weights, size_t depth, size_t columns, size_t group, int8_t *rounded,
    int32_t *corrections, float *scales);

/* y = A m A^T for `columns` output channels: product p starts at products + p * product_stride, and
 * output (i, j) at sums + i * row_stride + j * pixel_stride, where it is stored or, when `adds`,
 * added. Reads and writes whole vectors. */
typedef void (*pc_transform_sum_ukernel)(
    const float *products, size_t product_stride, size_t columns, float *sums, size_t row_stride,
    size_t pixel_stride, int adds);

/* Everything after the sum for `tile->rows` pixels, whose sums are at `sums + r * stride`: the
 * meaning of `pc_tile` without addends and without sigmoid and tanh. When `streams`, f32 and bf16
 * results go past the caches, in whole vectors, and are in memory after a store fence only. */
typedef void (*pc_transform_finish_ukernel)(
    const pc_tile *tile, const float *sums, size_t stride, int streams);

/* The weights of one source for one block of output channels. `weights` is the first tap of the
 * first output channel's first channel; strides are numbers between output channels, channels and
 * taps along rows and columns. Of `columns` columns, at most PC_MAX_TILE_COLUMNS, `outputs` have
 * weights and the others get zeros. Product p goes to panels[p], or nowhere where that is NULL, as
 * [channels / group][columns][group]. */
typedef struct {
  const void *weights;
  size_t output_stride;
  size_t channel_stride;
  size_t tap_stride[2];
  size_t taps[2];
  size_t channels;
  size_t outputs;
  size_t columns;
  size_t group;
  void *const *panels;
} pc_transform_filters;

/* u = G w G^T channel by channel, in f64, rounded to f32 and then to the numbers of the panels,
 * which are f32 for i8 weights. */
typedef void (*pc_transform_weights_ukernel)(const pc_transform_filters *filters);

/* One kernel of each kind for each form, in the order of `pc_transform_forms`. `multiply` is NULL
 * where the matrix product has nothing to gain, the last two but for PC_U8S8. */
typedef struct {
  const char *isa;
  pc_arithmetic arithmetic;
  const pc_transform_load_ukernel *load;
  pc_transform_multiply_ukernel multiply;
  const pc_transform_sum_ukernel *sum;
  pc_transform_finish_ukernel finish;
  const pc_transform_weights_ukernel *weights;
  pc_transform_round_values_ukernel round_values;
  pc_transform_round_weights_ukernel round_weights;
} pc_transform_kernel;

#define PC_TRANSFORM_KERNEL(isa, symbol) extern const pc_transform_kernel symbol;
#include "bf16_transform.inc"
#include "transform.inc"
#include "u8_transform.inc"
#undef PC_TRANSFORM_KERNEL

/* The rows of a family, best first; the scalar row is last. */
const pc_transform_kernel *const *pc_transform_kernels(size_t *count);
const pc_transform_kernel *const *pc_bf16_transform_kernels(size_t *count);
const pc_transform_kernel *const *pc_u8_transform_kernels(size_t *count);

/* Sources of one form, whose outputs are added. Weights are [block of kernel columns][product]
 * [depth][columns], panels as for `pc_tile`. `pitch` is the numbers from one window's channels
 * to the next of the same value: at least the depth and 15. `value_stride` is the numbers from one
 * value to the next, `product_stride` the floats from one product to the next: as many as all
 * windows of a block of tiles take. For i8 weights each product of each block of columns has
 * corrections and scales, [block][product][columns]. */
typedef struct {
  size_t form;
  const pc_transform_source *sources;
  size_t source_count;
  size_t depth[2][2];
  size_t pitch;
  size_t value_stride;
  size_t product_stride;
  const void *weights;
  const int32_t *corrections;
  const float *scales;
} pc_transform_term;

/* A convolution whose outputs are cut into square tiles of `side` rows and columns, the first of
 * which starts at row and column `origin`, 0 or less. Each term cuts a tile into its own sub-tiles.
 * `tiles` lists those that exist for a run, as numbers counted row by row through all images.
 * Channels and depths are multiples of the matrix product's group. Storage is as for `pc_tile`, but
 * for I32. `streams` asks for results that go past the caches, which are more than those hold and
 * would push out what is being computed; pixels are then whole cache lines. */
typedef struct {
  const pc_transform_term *terms;
  size_t term_count;
  size_t side;
  ptrdiff_t origin;
  const int32_t *tiles;
  size_t tile_rows;
  size_t tile_columns;
  size_t images;
  size_t height;
  size_t width;
  size_t outputs;
  void *output;
  size_t output_stride;
  int streams;
  pc_storage storage;
  float reciprocal;
  int32_t zero_point;
  const float *scale;
  const float *ratio;
  const pc_bias *biases;
  size_t bias_count;
  pc_activation activation;
  float slope;
} pc_transform;

/* Transforms the data of the block of listed tiles `first..<first + count` into `values`: of each
 * term, one after the other, values^2 values of each window, what the windows are, a byte each in
 * whole cache lines, and for u8 pictures in such lines too the scales of the values; behind all
 * that, for these, the f32 values of one window. Windows whose data all lies in holes are left
 * out. */
void pc_transform_load(
    const pc_transform *transform, const pc_transform_kernel *transforms, size_t first,
    size_t count, void *values);

/* Computes the outputs of the same tiles from `values`, for `block_count` blocks of the columns of
 * `kernel`, which multiplies the numbers of `transforms`. A pixel's bits do not depend on the other
 * tiles of the list. `scratch` holds the sums of a tile, side^2 times the kernel's columns, and
 * products^2 products of each term. */
void pc_transform_multiply(
    const pc_transform *transform, const pc_transform_kernel *transforms,
    const pc_tile_kernel *kernel, size_t first, size_t count, size_t first_block,
    size_t block_count, const void *values, float *scratch);

#endif
