#include "pc_convolution.h"

#include "pc_elementwise.h"

/* Builds the segment lists of one register tile after another and runs the micro-kernel on them. A
 * list costs a few operations per pointer and serves channels times output channels multiplies, so
 * it is not worth storing. A segment whose pixels are all border or hole has no channels. */

typedef struct {
  size_t image;
  size_t row;
  size_t column;
} position;

/* Floats between copied pixels, so that they do not share a set of the nearest cache either. */
enum { COPY_GAP = 16, CACHE_WAY_BYTES = 4096 };

static size_t total_channels(const pc_convolution *c) {
  size_t sum = 0;
  for (size_t p = 0; p < c->part_count; p++) sum += c->parts[p].channels;
  return sum;
}

static size_t tap_count(const pc_convolution *c) { return c->kernel[0] * c->kernel[1]; }

/* Whether neighbouring pixels of a tile lie a whole cache way apart: then the lines of all pixels
 * at one depth compete for one set, and copies are quicker. */
static int lies_in_one_cache_set(const pc_convolution *c, const pc_picture *part) {
  const size_t distance = c->stride[1] * part->pixel_stride * sizeof(float);
  return part->upsampling == 1 && c->outputs > 4 && distance % CACHE_WAY_BYTES == 0;
}

static size_t copied_channels(const pc_convolution *c) {
  size_t sum = 0;
  for (size_t p = 0; p < c->part_count; p++)
    if (c->parts[p].mask || lies_in_one_cache_set(c, c->parts + p))
      sum += c->parts[p].channels + COPY_GAP;
  return sum;
}

static size_t segment_bytes(const pc_convolution *c) {
  return (tap_count(c) * c->part_count * sizeof(pc_segment) + 63) / 64 * 64;
}

size_t pc_convolution_scratch_size(
    const pc_convolution *convolution, const pc_tile_kernel *kernel) {
  const size_t copies = tap_count(convolution) * copied_channels(convolution) * kernel->rows;
  return segment_bytes(convolution) + copies * sizeof(float);
}

size_t pc_place_count(const pc_convolution *convolution, int axis) {
  const size_t positions = axis ? convolution->width : convolution->height;
  return (positions - 1) * convolution->stride[axis] +
         (convolution->kernel[axis] - 1) * convolution->dilation[axis] + 1;
}

void pc_fill_places(
    const pc_convolution *convolution, const pc_picture *part, int axis, int32_t *places) {
  const size_t count = pc_place_count(convolution, axis);
  const size_t border = convolution->padding[axis];
  const size_t length = axis ? part->width : part->height;
  const size_t pitch = axis ? 1 : part->width;
  for (size_t t = 0; t < count; t++) {
    const size_t place = t < border ? length : (t - border) / part->upsampling;
    places[t] = place < length ? (int32_t)(place * pitch) : -1;
  }
}

static const float *scaled_copy(const float *x, size_t channels, float scale, float **scratch) {
  float *copy = *scratch;
  for (size_t k = 0; k < channels; k++) copy[k] = x[k] * scale;
  *scratch = copy + channels + COPY_GAP;
  return copy;
}

/* What the pixels of a tile have in common for one part and one row of the window. */
typedef struct {
  const pc_convolution *convolution;
  const pc_picture *part;
  size_t rows;
  int must_copy;
  /* For each pixel of the tile, the index of the first stored pixel of the row under the window, or
   * -1 on the border, and its first column. */
  ptrdiff_t line[PC_MAX_TILE_ROWS];
  const int32_t *columns[PC_MAX_TILE_ROWS];
} window_row;

static void find_lines(window_row *w, const position *positions, size_t row) {
  const ptrdiff_t area = (ptrdiff_t)(w->part->height * w->part->width);
  for (size_t r = 0; r < w->rows; r++) {
    const int32_t place = w->part->row_places[positions[r].row + row];
    w->line[r] = place < 0 ? -1 : (ptrdiff_t)positions[r].image * area + place;
    w->columns[r] = w->part->column_places + positions[r].column;
  }
}

/* Fills one segment: the channels of the part under the window's column `column`. */
static void fill_segment(
    const window_row *w, size_t column, pc_segment *segment, float **scratch) {
  const pc_picture *part = w->part;
  const float *zeros = w->convolution->zeros;
  int is_live = 0;
  for (size_t r = 0; r < w->rows; r++) {
    const ptrdiff_t place = w->columns[r][column];
    const ptrdiff_t index = w->line[r] + place;
    const int is_border = (w->line[r] | place) < 0;
    const float mask = is_border ? 0 : part->mask ? part->mask[index] : 1;
    const float *pixel = part->pixels + index * (ptrdiff_t)part->pixel_stride;
    segment->rows[r] = mask == 0 ? zeros : pixel;
    is_live |= mask != 0;
    if (mask != 0 && (mask != 1 || w->must_copy))
      segment->rows[r] = scaled_copy(pixel, part->channels, mask, scratch);
  }
  segment->channels = is_live ? part->channels : 0;
}

static void build_segments(
    const pc_convolution *c, const position *positions, size_t rows, pc_segment *segments,
    float *scratch) {
  const size_t tap_depth = total_channels(c);
  size_t part_depth = 0;
  for (size_t p = 0; p < c->part_count; p++) {
    window_row w = {.convolution = c, .part = c->parts + p, .rows = rows};
    w.must_copy = lies_in_one_cache_set(c, w.part);
    for (size_t u = 0; u < c->kernel[0]; u++) {
      find_lines(&w, positions, u * c->dilation[0]);
      for (size_t v = 0; v < c->kernel[1]; v++) {
        const size_t tap = u * c->kernel[1] + v;
        pc_segment *segment = segments + tap * c->part_count + p;
        segment->depth = tap * tap_depth + part_depth;
        fill_segment(&w, v * c->dilation[1], segment, &scratch);
      }
    }
    part_depth += w.part->channels;
  }
}

static void find_positions(
    const pc_convolution *c, size_t first, size_t rows, position *positions) {
  size_t column = first % c->width;
  size_t row = first / c->width % c->height;
  size_t image = first / c->width / c->height;
  for (size_t r = 0; r < rows; r++) {
    positions[r].image = image;
    positions[r].row = row * c->stride[0];
    positions[r].column = column * c->stride[1];
    if (++column < c->width) continue;
    column = 0;
    if (++row < c->height) continue;
    row = 0;
    image++;
  }
}

static void find_addends(
    const pc_convolution *c, const position *positions, size_t rows, pc_tile *tile) {
  for (size_t j = 0; j < c->addend_count; j++) {
    const pc_addend *addend = c->addends + j;
    for (size_t r = 0; r < rows; r++) {
      const ptrdiff_t line = addend->row_places[positions[r].row];
      const ptrdiff_t place = addend->column_places[positions[r].column];
      const ptrdiff_t index = (ptrdiff_t)(positions[r].image * addend->area) + line + place;
      const int is_border = (line | place) < 0;
      tile->addends[j][r] =
          is_border ? c->zeros : addend->pixels + index * (ptrdiff_t)addend->pixel_stride;
    }
  }
}

static void place_epilogue(const pc_convolution *c, pc_tile *tile, size_t first, size_t column) {
  tile->first_column = column;
  tile->output = c->output + first * c->output_stride + column;
  tile->scale = c->scale ? c->scale + column : NULL;
  tile->ratio = c->ratio ? c->ratio + first : NULL;
  for (size_t j = 0; j < c->bias_count; j++) {
    tile->bias[j] = c->biases[j].vector + column;
    tile->plane[j] = c->biases[j].plane ? c->biases[j].plane + first : NULL;
  }
}

/* The functions that micro-kernels leave out, over whole rows where the pixels lie side by side. */
static void activate(
    const pc_convolution *c, size_t first, size_t count, size_t column, size_t columns) {
  if (c->activation != PC_ACTIVATION_SIGMOID && c->activation != PC_ACTIVATION_TANH) return;
  const int is_dense = columns == c->output_stride;
  const size_t length = is_dense ? count * columns : columns;
  for (size_t r = 0; r < (is_dense ? 1 : count); r++) {
    float *row = c->output + (first + r) * c->output_stride + column;
    if (c->activation == PC_ACTIVATION_SIGMOID) pc_f32_sigmoid(row, row, length);
    if (c->activation == PC_ACTIVATION_TANH) pc_f32_tanh(row, row, length);
  }
}

void pc_convolution_run(
    const pc_convolution *convolution, const pc_tile_kernel *kernel, size_t first, size_t count,
    size_t first_block, size_t block_count, void *scratch) {
  const pc_convolution *c = convolution;
  pc_segment *segments = scratch;
  float *copies = (float *)((char *)scratch + segment_bytes(c));
  const size_t depth = total_channels(c) * tap_count(c);
  const size_t begin = first_block * kernel->columns;
  const size_t limit = begin + block_count * kernel->columns;
  const size_t end = limit < c->outputs ? limit : c->outputs;
  pc_tile tile = {
      .segments = segments,
      .segment_count = tap_count(c) * c->part_count,
      .total_depth = depth,
      .output_stride = c->output_stride,
      .addend_count = c->addend_count,
      .bias_count = c->bias_count,
      .activation = c->activation,
      .slope = c->slope,
  };
  position positions[PC_MAX_TILE_ROWS];
  for (size_t done = 0; done < count; done += tile.rows) {
    tile.rows = count - done < kernel->rows ? count - done : kernel->rows;
    find_positions(c, first + done, tile.rows, positions);
    build_segments(c, positions, tile.rows, segments, copies);
    find_addends(c, positions, tile.rows, &tile);
    for (size_t column = begin; column < end; column += kernel->columns) {
      tile.weights = c->weights + column * depth;
      tile.columns = end - column < kernel->columns ? end - column : kernel->columns;
      place_epilogue(c, &tile, first + done, column);
      kernel->run(&tile);
    }
  }
  activate(c, first, count, begin, end - begin);
}
