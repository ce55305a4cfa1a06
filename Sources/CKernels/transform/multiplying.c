#include <string.h>

#include "pc_dispatch.h"
#include "transform_blocks.h"

/* Multiplies the transformed data of a block of tiles, and adds up and finishes the products. */

/* Products of `rows` windows by one panel of weights, `depth` long. */
static void multiply_rows(
    const pc_tile_kernel *kernel, size_t columns, const char *values, size_t pitch, size_t rows,
    const void *weights, size_t depth, const pc_transform_scales *scales, float *products) {
  pc_segment segment = {.channels = depth};
  const pc_integer_part part = {.scale = 1, .correction = scales->corrections};
  pc_tile tile = {
      .segments = &segment,
      .segment_count = 1,
      .part_count = 1,
      .segments_per_part = 1,
      .integer_parts = &part,
      .weights = weights,
      .total_depth = depth,
      .columns = columns,
      .output_stride = kernel->columns,
      .scale = scales->columns,
  };
  for (size_t row = 0; row < rows; row += tile.rows) {
    tile.rows = rows - row < kernel->rows ? rows - row : kernel->rows;
    for (size_t r = 0; r < tile.rows; r++) segment.rows[r] = values + (row + r) * pitch;
    tile.output = products + row * kernel->columns;
    tile.ratio = scales->windows ? scales->windows + row : NULL;
    kernel->run(&tile);
  }
}

static size_t panel_width(const pc_tile_kernel *kernel, size_t columns) {
  return columns > kernel->columns / 2 ? kernel->columns : kernel->columns / 2;
}

/* The value that a product in two dimensions multiplies. */
static size_t value_of(const pc_transform_form_size *form, size_t product) {
  return form->value_of_product[product / form->products] * form->values +
         form->value_of_product[product % form->products];
}

/* Channels of a value. */
static size_t depth_of(const pc_transform_term *term, size_t value) {
  const size_t side = pc_form_of(term)->values;
  return term->depth[value / side == side - 1][value % side == side - 1];
}

static size_t product_count(const pc_transform_term *term) {
  return pc_form_of(term)->products * pc_form_of(term)->products;
}

static size_t total_depth(const pc_transform_term *term) {
  size_t sum = 0;
  for (size_t p = 0; p < product_count(term); p++)
    sum += depth_of(term, value_of(pc_form_of(term), p));
  return sum;
}

/* What the sums of a term's product mean, for windows from `first` on, in one block of output
 * channels; NULL all where they are no integers. */
static pc_transform_scales scales_of(
    const pc_transform_term *term, const pc_tile_kernel *kernel, size_t block, size_t product,
    size_t first, const char *values) {
  if (kernel->arithmetic != PC_U8S8) return (pc_transform_scales){NULL, NULL, NULL};
  const size_t place = (block * product_count(term) + product) * kernel->columns;
  const float *windows = (const float *)(values + pc_scale_offset(term, kernel->arithmetic));
  return (pc_transform_scales){
      .corrections = term->corrections + place,
      .columns = term->scales + place,
      .windows = windows + value_of(pc_form_of(term), product) * pc_window_room(term) + first,
  };
}

/* Which products along an axis the outputs take that lie in a picture of `length` behind the
 * origin, in the last window that is not all in it. */
static unsigned products_at_end(const pc_transform_form_size *form, size_t length) {
  unsigned bits = 0;
  for (size_t o = 0; o < length % form->outputs; o++) bits |= form->products_of_output[o];
  return bits;
}

/* One block of output channels of a term, and what of its windows is multiplied where. */
typedef struct {
  const pc_transform_kernel *transforms;
  const pc_tile_kernel *kernel;
  const pc_transform_term *term;
  size_t block;
  size_t columns;
  pc_window_places places;
  unsigned below;
  unsigned right;
} term_block;

/* Multiplies the windows `first..<end` of one product. `next` are the values of the one after. */
static void multiply_product(
    const term_block *b, size_t product, size_t first, size_t end, const char *values,
    const char *next, const char *weights, float *products) {
  if (first == end) return;
  const pc_tile_kernel *kernel = b->kernel;
  const size_t value = value_of(pc_form_of(b->term), product), depth = depth_of(b->term, value);
  const size_t size = pc_number_size(kernel->arithmetic), pitch = b->term->pitch * size;
  const char *from = values + value * b->term->value_stride * size + first * pitch;
  float *to = products + product * b->term->product_stride + first * kernel->columns;
  const pc_transform_scales scales =
      scales_of(b->term, kernel, b->block, product, first, values);
  if (b->transforms->multiply && panel_width(kernel, b->columns) == kernel->columns)
    b->transforms->multiply(from, pitch, end - first, next, weights, depth, &scales, to);
  else
    multiply_rows(
        kernel, b->columns, from, pitch, end - first, weights, depth, &scales, to);
}

/* Multiplies the windows of a term: of those that lie partly below or to the right of the picture
 * only the products that count. */
static void multiply_term(const term_block *b, const char *values, float *products) {
  const pc_transform_form_size *form = pc_form_of(b->term);
  const size_t size = pc_number_size(b->kernel->arithmetic);
  const size_t value_bytes = b->term->value_stride * size, count = product_count(b->term);
  const size_t right = b->places.next[PC_WINDOW_RIGHT], below = b->places.next[PC_WINDOW_BELOW];
  const char *weights =
      (const char *)b->term->weights + b->block * b->kernel->columns * total_depth(b->term) * size;
  for (size_t p = 0; p < count; p++) {
    const char *next = values + value_of(form, (p + 1) % count) * value_bytes;
    const int takes_below = b->below >> p / form->products & 1;
    const int takes_right = b->right >> p % form->products & 1;
    const size_t end = takes_below ? b->places.end : below;
    if (takes_right) {
      multiply_product(b, p, 0, end, values, next, weights, products);
    } else {
      multiply_product(b, p, 0, right, values, next, weights, products);
      multiply_product(b, p, below, end, values, next, weights, products);
    }
    weights += depth_of(b->term, value_of(form, p)) * panel_width(b->kernel, b->columns) * size;
  }
}

/* What of a term's windows and products the tiles have not taken yet. */
typedef struct {
  const pc_transform_term *term;
  const uint8_t *states;
  const float *products;
  pc_window_places places;
} term_rest;

/* Adds up the products of one tile. */
static void sum_tile(
    const pc_transform *t, const pc_transform_kernel *transforms, const pc_tile_kernel *kernel,
    term_rest *rests, size_t columns, float *sums) {
  const size_t stride = t->side * kernel->columns;
  for (size_t k = 0; k < t->term_count; k++) {
    term_rest *rest = rests + k;
    const size_t parts = pc_cuts(t, rest->term), outputs = pc_form_of(rest->term)->outputs;
    for (size_t part = 0; part < parts * parts; part++) {
      const uint8_t state = *rest->states++;
      float *to = sums + part / parts * outputs * stride + part % parts * outputs * kernel->columns;
      if (state >= PC_WINDOW_INSIDE) {
        transforms->sum[rest->term->form](
            rest->products + rest->places.next[state]++ * kernel->columns,
            rest->term->product_stride, columns, to, stride, kernel->columns, k > 0);
      } else if (state == PC_WINDOW_EMPTY && k == 0) {
        for (size_t row = 0; row < outputs; row++)
          memset(to + row * stride, 0, outputs * kernel->columns * sizeof *to);
      }
    }
  }
}

static size_t clipped(ptrdiff_t place, size_t limit) {
  return place < 0 ? 0 : (size_t)place < limit ? (size_t)place : limit;
}

/* Writes the outputs of one tile that lie in the picture. */
static void finish_tile(
    const pc_transform *t, const pc_transform_kernel *transforms, pc_place tile, size_t column,
    const float *sums, size_t stride, pc_tile *task) {
  const ptrdiff_t side = (ptrdiff_t)t->side;
  const size_t begin = clipped(tile.column, t->width);
  const size_t end = clipped(tile.row + side, t->height);
  task->rows = clipped(tile.column + side, t->width) - begin;
  for (size_t row = clipped(tile.row, t->height); row < end; row++) {
    const size_t pixel = (tile.image * t->height + row) * t->width + begin;
    task->output =
        (char *)t->output + (pixel * t->output_stride + column) * pc_stored_size(t->storage);
    task->ratio = t->ratio ? t->ratio + pixel : NULL;
    for (size_t j = 0; j < t->bias_count; j++) {
      task->bias[j] = t->biases[j].vector + column;
      task->plane[j] = t->biases[j].plane ? t->biases[j].plane + pixel : NULL;
    }
    const ptrdiff_t place = ((ptrdiff_t)row - tile.row) * side + ((ptrdiff_t)begin - tile.column);
    transforms->finish(task, sums + place * (ptrdiff_t)stride, stride, t->streams);
  }
}

/* Adds up the products of a block of tiles and writes the outputs. */
static void sum_tiles(
    const pc_transform *t, const pc_transform_kernel *transforms, const pc_tile_kernel *kernel,
    size_t first, size_t count, size_t column, size_t columns, term_rest *rests, float *sums) {
  pc_tile task = {
      .columns = columns,
      .output_stride = t->output_stride,
      .storage = t->storage,
      .reciprocal = t->reciprocal,
      .zero_point = t->zero_point,
      .scale = t->scale ? t->scale + column : NULL,
      .bias_count = t->bias_count,
      .activation = t->activation,
      .slope = t->slope,
  };
  for (size_t index = first; index < first + count; index++) {
    sum_tile(t, transforms, kernel, rests, columns, sums);
    finish_tile(t, transforms, pc_place_of(t, index), column, sums, kernel->columns, &task);
  }
}

void pc_transform_multiply(
    const pc_transform *transform, const pc_transform_kernel *transforms,
    const pc_tile_kernel *kernel, size_t first, size_t count, size_t first_block,
    size_t block_count, const void *values, float *scratch) {
  const pc_transform *t = transform;
  for (size_t block = first_block; block < first_block + block_count; block++) {
    const size_t column = block * kernel->columns;
    const size_t left = t->outputs - column;
    const size_t columns = left < kernel->columns ? left : kernel->columns;
    term_rest rests[PC_MAX_TRANSFORM_TERMS];
    const char *from = values;
    float *to = scratch + t->side * t->side * kernel->columns;
    for (size_t k = 0; k < t->term_count; k++) {
      const pc_transform_term *term = t->terms + k;
      const uint8_t *states = (const uint8_t *)from + pc_value_bytes(term, kernel->arithmetic);
      const size_t parts = pc_cuts(t, term);
      const term_block b = {
          .transforms = transforms,
          .kernel = kernel,
          .term = term,
          .block = block,
          .columns = columns,
          .places = pc_places_of(states, count * parts * parts),
          .below = products_at_end(pc_form_of(term), t->height - (size_t)t->origin),
          .right = products_at_end(pc_form_of(term), t->width - (size_t)t->origin),
      };
      rests[k] = (term_rest){term, states, to, b.places};
      multiply_term(&b, from, to);
      from += pc_term_bytes(term, kernel->arithmetic);
      to += product_count(term) * term->product_stride;
    }
    sum_tiles(t, transforms, kernel, first, count, column, columns, rests, scratch);
  }
  if (t->streams) pc_store_fence();
}
