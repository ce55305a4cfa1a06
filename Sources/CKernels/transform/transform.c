#include "pc_transform.h"

#include <string.h>

/* Runs a convolution in its transform domain, a block of tiles at a time.
 *
 * Values lie as [term][value][window][channel], products of one block of output channels as
 * [term][product][window][column]. Both of a block of tiles, or at least the products, stay in the
 * second-level cache while the weights stream past once. Windows of a term that touch no output are
 * left out. */

enum {
  MAX_PIXELS = PC_MAX_TRANSFORM_SIDE * PC_MAX_TRANSFORM_SIDE,
  WINDOWS_AHEAD = 3,
  LINE_BYTES = 64
};

typedef struct {
  size_t image;
  ptrdiff_t row;
  ptrdiff_t column;
} place;

static const pc_transform_form_size *size_of(const pc_transform_term *term) {
  size_t count;
  return pc_transform_forms(&count) + term->form;
}

static size_t cuts(const pc_transform *t, const pc_transform_term *term) {
  return t->side / size_of(term)->outputs;
}

/* Bytes of all values of a term. */
static size_t term_bytes(const pc_transform_term *term, pc_arithmetic arithmetic) {
  const size_t side = size_of(term)->values;
  return side * side * term->value_stride * pc_number_size(arithmetic);
}

static size_t sum_count(const pc_transform *t, const pc_tile_kernel *kernel) {
  return t->side * t->side * kernel->columns;
}

static place place_of(const pc_transform *t, size_t index) {
  const size_t tile = (size_t)t->tiles[index];
  const size_t area = t->tile_rows * t->tile_columns;
  const place result = {
      .image = tile / area,
      .row = (ptrdiff_t)(tile % area / t->tile_columns * t->side) + t->origin,
      .column = (ptrdiff_t)(tile % t->tile_columns * t->side) + t->origin,
  };
  return result;
}

/* Whether a sub-tile that starts at `row` and `column` has an output inside the picture. */
static int is_live(const pc_transform *t, size_t outputs, ptrdiff_t row, ptrdiff_t column) {
  const ptrdiff_t length = (ptrdiff_t)outputs;
  return row + length > 0 && column + length > 0 && row < (ptrdiff_t)t->height &&
         column < (ptrdiff_t)t->width;
}

/* The pixels of a source under one window, their masks, and where its values go. */
typedef struct {
  const pc_transform_source *source;
  const void *pixels[MAX_PIXELS];
  float scales[MAX_PIXELS];
  int is_scaled;
  void *values;
} window_data;

/* Whether `window` data from `place` on, `stride` apart, lie among `length`. */
static int lies_inside(ptrdiff_t place, size_t window, size_t stride, size_t length) {
  return place >= 0 && place + (ptrdiff_t)((window - 1) * stride) < (ptrdiff_t)length;
}

/* Finds the pixels under the window that starts at `row` and `column`. */
static void find_pixels(
    window_data *data, size_t window, size_t image, ptrdiff_t row, ptrdiff_t column,
    const void *zeros, size_t number_size) {
  const pc_transform_source *s = data->source;
  const ptrdiff_t pitch = (ptrdiff_t)(s->pixel_stride * number_size);
  data->is_scaled = 0;
  if (!s->mask && lies_inside(row, window, s->stride, s->height) &&
      lies_inside(column, window, s->stride, s->width)) {
    const ptrdiff_t index = ((ptrdiff_t)(image * s->height) + row) * (ptrdiff_t)s->width + column;
    const char *first = (const char *)s->pixels + index * pitch;
    const size_t step = s->stride * (size_t)pitch;
    for (size_t i = 0; i < window; i++)
      for (size_t j = 0; j < window; j++)
        data->pixels[i * window + j] = first + (i * s->width + j) * step;
    return;
  }
  for (size_t i = 0; i < window; i++, row += (ptrdiff_t)s->stride) {
    const int is_row = row >= 0 && row < (ptrdiff_t)s->height;
    const ptrdiff_t line = ((ptrdiff_t)(image * s->height) + row) * (ptrdiff_t)s->width;
    ptrdiff_t place = column;
    for (size_t j = 0; j < window; j++, place += (ptrdiff_t)s->stride) {
      const int is_inside = is_row && place >= 0 && place < (ptrdiff_t)s->width;
      const ptrdiff_t index = line + place;
      const float mask = !is_inside ? 0 : s->mask ? s->mask[index] : 1;
      data->pixels[i * window + j] =
          mask == 0 ? zeros : (const char *)s->pixels + index * pitch;
      data->scales[i * window + j] = mask;
      data->is_scaled |= mask != 0 && mask != 1;
    }
  }
}

/* Loads one window after another, each while the pixels of one that follows are fetched. */
typedef struct {
  const pc_transform *transform;
  const pc_transform_term *term;
  pc_transform_load_ukernel run;
  size_t number_size;
  size_t window;
  size_t found;
  size_t loaded;
  window_data ring[WINDOWS_AHEAD + 1];
} loader;

static void load_next(loader *l) {
  const window_data *data = l->ring + l->loaded++ % (WINDOWS_AHEAD + 1);
  const window_data *last = l->ring + (l->found - 1) % (WINDOWS_AHEAD + 1);
  l->run(
      data->pixels, data->is_scaled ? data->scales : NULL, last->pixels, data->source->channels,
      data->values, l->term->value_stride, data->source->depth);
}

static void load_source(
    loader *l, const pc_transform_source *source, size_t image, ptrdiff_t row, ptrdiff_t column,
    void *values) {
  window_data *data = l->ring + l->found++ % (WINDOWS_AHEAD + 1);
  data->source = source;
  data->values = values;
  find_pixels(
      data, l->window, image, source->first[0] + row * (ptrdiff_t)source->advance,
      source->first[1] + column * (ptrdiff_t)source->advance, l->transform->zeros,
      l->number_size);
  if (l->found > WINDOWS_AHEAD) load_next(l);
}

/* Loads the windows of one tile, of which the first is the term's `window`-th; the next one. */
static size_t load_tile(loader *l, place tile, size_t window, char *values) {
  const pc_transform *t = l->transform;
  const ptrdiff_t outputs = (ptrdiff_t)size_of(l->term)->outputs;
  const size_t parts = cuts(t, l->term);
  for (size_t part = 0; part < parts * parts; part++) {
    const ptrdiff_t row = tile.row + (ptrdiff_t)(part / parts) * outputs;
    const ptrdiff_t column = tile.column + (ptrdiff_t)(part % parts) * outputs;
    if (!is_live(t, (size_t)outputs, row, column)) continue;
    for (size_t k = 0; k < l->term->source_count; k++)
      load_source(
          l, l->term->sources + k, tile.image, (row - t->origin) / outputs,
          (column - t->origin) / outputs, values + window * l->term->pitch * l->number_size);
    window++;
  }
  return window;
}

static void load_term(
    const pc_transform *t, const pc_transform_kernel *transforms, const pc_transform_term *term,
    size_t first, size_t count, void *values) {
  loader l = {
      .transform = t,
      .term = term,
      .run = transforms->load[term->form],
      .number_size = pc_number_size(transforms->arithmetic),
      .window = size_of(term)->window,
  };
  size_t window = 0;
  for (size_t index = first; index < first + count; index++)
    window = load_tile(&l, place_of(t, index), window, values);
  while (l.loaded < l.found) load_next(&l);
}

void pc_transform_load(
    const pc_transform *transform, const pc_transform_kernel *transforms, size_t first,
    size_t count, void *values) {
  char *to = values;
  for (size_t i = 0; i < transform->term_count; i++) {
    const pc_transform_term *term = transform->terms + i;
    load_term(transform, transforms, term, first, count, to);
    to += term_bytes(term, transforms->arithmetic);
  }
}

static size_t live_windows(
    const pc_transform *t, const pc_transform_term *term, size_t first, size_t count) {
  const size_t outputs = size_of(term)->outputs, parts = cuts(t, term);
  size_t windows = 0;
  for (size_t index = first; index < first + count; index++) {
    const place tile = place_of(t, index);
    for (size_t i = 0; i < parts; i++)
      for (size_t j = 0; j < parts; j++)
        windows += (size_t)is_live(
            t, outputs, tile.row + (ptrdiff_t)(i * outputs),
            tile.column + (ptrdiff_t)(j * outputs));
  }
  return windows;
}

/* Products of `rows` windows by one panel of `tile->weights`, whose length in depth is set. */
static void multiply_rows(
    const pc_tile_kernel *kernel, pc_tile *tile, pc_segment *segment, const char *values,
    size_t pitch, size_t rows, float *products) {
  for (size_t row = 0; row < rows; row += tile->rows) {
    tile->rows = rows - row < kernel->rows ? rows - row : kernel->rows;
    for (size_t r = 0; r < tile->rows; r++) segment->rows[r] = values + (row + r) * pitch;
    tile->output = products + row * kernel->columns;
    kernel->run(tile);
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
  const size_t side = size_of(term)->values;
  return term->depth[value / side == side - 1][value % side == side - 1];
}

static size_t product_count(const pc_transform_term *term) {
  return size_of(term)->products * size_of(term)->products;
}

static size_t total_depth(const pc_transform_term *term) {
  size_t sum = 0;
  for (size_t p = 0; p < product_count(term); p++)
    sum += depth_of(term, value_of(size_of(term), p));
  return sum;
}

/* Multiplies `windows` windows of a term by the weights of one block of output channels; where the
 * products of the next term start. */
static float *multiply_term(
    const pc_transform_kernel *transforms, const pc_tile_kernel *kernel,
    const pc_transform_term *term, size_t windows, size_t column, size_t columns,
    const char *values, float *products) {
  const pc_transform_form_size *form = size_of(term);
  const size_t width = panel_width(kernel, columns), size = pc_number_size(kernel->arithmetic);
  const size_t count = product_count(term), value_bytes = term->value_stride * size;
  const char *weights = (const char *)term->weights + column * total_depth(term) * size;
  pc_segment segment = {.depth = 0};
  pc_tile tile = {
      .segments = &segment,
      .segment_count = 1,
      .columns = columns,
      .output_stride = kernel->columns,
  };
  for (size_t p = 0; p < count; p++) {
    const size_t value = value_of(form, p);
    const char *from = values + value * value_bytes;
    segment.channels = depth_of(term, value);
    tile.total_depth = segment.channels;
    tile.weights = weights;
    if (transforms->multiply && width == kernel->columns)
      transforms->multiply(
          from, term->pitch * size, windows, values + value_of(form, (p + 1) % count) * value_bytes,
          weights, segment.channels, products);
    else
      multiply_rows(kernel, &tile, &segment, from, term->pitch * size, windows, products);
    weights += segment.channels * width * size;
    products += term->product_stride;
  }
  return products;
}

/* Adds up the products of one tile; `windows` counts those of each term that are done. */
static void sum_tile(
    const pc_transform *t, const pc_transform_kernel *transforms, const pc_tile_kernel *kernel,
    place tile, size_t columns, const float *products, size_t *windows, float *sums) {
  for (size_t k = 0; k < t->term_count; k++) {
    const pc_transform_term *term = t->terms + k;
    const pc_transform_form_size *form = size_of(term);
    const size_t parts = cuts(t, term);
    for (size_t i = 0; i < parts; i++)
      for (size_t j = 0; j < parts; j++) {
        const size_t row = i * form->outputs, column = j * form->outputs;
        if (!is_live(
                t, form->outputs, tile.row + (ptrdiff_t)row, tile.column + (ptrdiff_t)column))
          continue;
        transforms->sum[term->form](
            products + windows[k] * kernel->columns, term->product_stride, columns,
            sums + (row * t->side + column) * kernel->columns, t->side * kernel->columns,
            kernel->columns, k > 0);
        windows[k]++;
      }
    products += product_count(term) * term->product_stride;
  }
}

static size_t clipped(ptrdiff_t place, size_t limit) {
  return place < 0 ? 0 : (size_t)place < limit ? (size_t)place : limit;
}

/* Writes the outputs of one tile that lie in the picture. */
static void finish_tile(
    const pc_transform *t, const pc_transform_kernel *transforms, place tile, size_t column,
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
    transforms->finish(task, sums + place * (ptrdiff_t)stride, stride);
  }
}

/* Fetches the lines that the outputs of a tile will be written to. */
static void prefetch_outputs(
    const pc_transform *t, place tile, size_t column, size_t columns) {
  const ptrdiff_t side = (ptrdiff_t)t->side;
  const size_t size = pc_stored_size(t->storage);
  const size_t begin = clipped(tile.column, t->width), end = clipped(tile.column + side, t->width);
  const size_t last = clipped(tile.row + side, t->height);
  for (size_t row = clipped(tile.row, t->height); row < last; row++)
    for (size_t place = begin; place < end; place++) {
      const size_t pixel = (tile.image * t->height + row) * t->width + place;
      const char *line = (const char *)t->output + (pixel * t->output_stride + column) * size;
      for (size_t k = 0; k < columns * size; k += LINE_BYTES) __builtin_prefetch(line + k, 1);
    }
}

/* Adds up the products of a block of tiles and writes the outputs. */
static void sum_tiles(
    const pc_transform *t, const pc_transform_kernel *transforms, const pc_tile_kernel *kernel,
    size_t first, size_t count, size_t column, size_t columns, const float *products,
    float *sums) {
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
  size_t windows[PC_MAX_TRANSFORM_TERMS] = {0};
  for (size_t index = first; index < first + count; index++) {
    const place tile = place_of(t, index);
    if (index + 1 < first + count) prefetch_outputs(t, place_of(t, index + 1), column, columns);
    sum_tile(t, transforms, kernel, tile, columns, products, windows, sums);
    finish_tile(t, transforms, tile, column, sums, kernel->columns, &task);
  }
}

void pc_transform_multiply(
    const pc_transform *transform, const pc_transform_kernel *transforms,
    const pc_tile_kernel *kernel, size_t first, size_t count, size_t first_block,
    size_t block_count, const void *values, float *scratch) {
  const pc_transform *t = transform;
  float *products = scratch + sum_count(t, kernel);
  for (size_t block = first_block; block < first_block + block_count; block++) {
    const size_t column = block * kernel->columns;
    const size_t left = t->outputs - column;
    const size_t columns = left < kernel->columns ? left : kernel->columns;
    const char *from = values;
    float *to = products;
    for (size_t k = 0; k < t->term_count; k++) {
      const pc_transform_term *term = t->terms + k;
      const size_t windows = live_windows(t, term, first, count);
      to = multiply_term(transforms, kernel, term, windows, column, columns, from, to);
      from += term_bytes(term, kernel->arithmetic);
    }
    sum_tiles(t, transforms, kernel, first, count, column, columns, products, scratch);
  }
}
