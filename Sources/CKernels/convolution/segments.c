#include "segments.h"

#include "../pc_pixel.h"

/* Neighbouring pixels see most of each other's windows: what lies under a row of the window is
 * looked up once for a whole run, and each tap's segment takes its pointers from there. Where
 * windows share nothing, the pixels under one tap are looked up after those under another. */

/* Bytes between copied pixels, so that they do not share a set of the nearest cache either. */
enum { COPY_GAP_BYTES = 64, CACHE_WAY_BYTES = 4096 };

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t tap_count(const pc_convolution *c) { return c->kernel[0] * c->kernel[1]; }

size_t pc_tap_depth(const pc_convolution *convolution, const pc_tile_kernel *kernel) {
  size_t sum = 0;
  for (size_t p = 0; p < convolution->part_count; p++)
    sum += pc_padded_channels(kernel, convolution->parts[p].channels);
  return sum;
}

/* Whether neighbouring pixels of a tile lie a whole cache way apart: then the lines of all pixels
 * at one depth compete for one set, and copies are quicker. */
static int lies_in_one_cache_set(
    const pc_convolution *c, const pc_tile_kernel *kernel, const pc_picture *part) {
  const size_t distance =
      c->stride[1] * part->pixel_stride * pc_number_size(kernel->arithmetic);
  return part->upsampling == 1 && c->outputs > 4 && distance % CACHE_WAY_BYTES == 0;
}

/* Also where a pixel lies in pieces, or a kernel that takes channels in groups would read beyond
 * it. */
static int must_copy(
    const pc_convolution *c, const pc_tile_kernel *kernel, const pc_picture *part) {
  return part->spans || part->channels % kernel->group != 0 || lies_in_one_cache_set(c, kernel, part);
}

static size_t copy_bytes(const pc_tile_kernel *kernel, const pc_picture *part) {
  const size_t numbers = pc_padded_channels(kernel, part->channels);
  return numbers * pc_number_size(kernel->arithmetic) + COPY_GAP_BYTES;
}

static size_t list_bytes(const pc_convolution *c) {
  return aligned(tap_count(c) * c->part_count * sizeof(pc_segment));
}

/* Pixels under a row of the window, of all pixels of a tile. */
static size_t most_places(const pc_convolution *c, const pc_tile_kernel *kernel) {
  return kernel->rows * c->kernel[1];
}

size_t pc_segment_bytes(const pc_convolution *convolution, const pc_tile_kernel *kernel) {
  const pc_convolution *c = convolution;
  size_t copied = 0;
  for (size_t p = 0; p < c->part_count; p++)
    if (c->parts[p].mask || must_copy(c, kernel, c->parts + p))
      copied += copy_bytes(kernel, c->parts + p);
  return list_bytes(c) + aligned(most_places(c, kernel) * sizeof(void *)) +
         aligned(most_places(c, kernel) * c->kernel[0] * copied);
}

size_t pc_find_runs(const pc_convolution *convolution, size_t first, size_t rows, pc_run *runs) {
  const pc_convolution *c = convolution;
  size_t count = 0;
  for (size_t done = 0; done < rows; count++) {
    pc_run *run = runs + count;
    const size_t column = (first + done) % c->width;
    const size_t line = (first + done) / c->width;
    const size_t left = c->width - column < rows - done ? c->width - column : rows - done;
    run->first = done;
    run->count = left;
    run->image = line / c->height;
    run->row = line % c->height * c->stride[0];
    run->column = column * c->stride[1];
    done += run->count;
  }
  return count;
}

/* What the runs of a tile have in common for one part. */
typedef struct {
  const pc_convolution *convolution;
  const pc_tile_kernel *kernel;
  const pc_picture *part;
  int must_copy;
  const void **places;
  char *copies;
} part_builder;

/* The runs of a pixel side by side: whole vectors, of which the next run overwrites what is too
 * much, and at last the gap between copies takes it. */
static void join_spans(const pc_picture *part, const char *pixel, size_t size, char *copy) {
  const size_t span = part->channels / part->spans * size;
  for (size_t i = 0; i < part->spans; i++, pixel += part->span_pitch * size, copy += span)
    for (size_t byte = 0; byte < span; byte += 16) memcpy(copy + byte, pixel + byte, 16);
}

/* The pixel times `mask` in scratch memory, padded to whole groups with numbers that meet no
 * weight. */
static const void *copied(part_builder *b, const char *pixel, float mask) {
  const pc_picture *part = b->part;
  const pc_arithmetic arithmetic = b->kernel->arithmetic;
  const size_t size = pc_number_size(arithmetic);
  char *copy = b->copies;
  if (part->spans) join_spans(part, pixel, size, copy);
  else if (mask == 1) memcpy(copy, pixel, part->channels * size);
  else pc_scale_pixel(arithmetic, part->zero_point, pixel, part->channels, mask, copy);
  const size_t padding = pc_padded_channels(b->kernel, part->channels) - part->channels;
  memset(copy + part->channels * size, 0, padding * size);
  b->copies = copy + copy_bytes(b->kernel, part);
  return copy;
}

/* Looks up `count` columns of a stored row, each `step` further; `line` is the index of its first
 * pixel. */
static void fill_places(
    part_builder *b, const void **places, ptrdiff_t line, const int32_t *columns, size_t count,
    size_t step) {
  const pc_picture *part = b->part;
  const size_t pitch = part->pixel_stride * pc_number_size(b->kernel->arithmetic);
  const char *pixels = (const char *)part->pixels + line * (ptrdiff_t)pitch;
  const float *masks = part->mask ? part->mask + line : NULL;
  for (size_t k = 0; k < count; k++) {
    const ptrdiff_t column = columns[k * step];
    const float mask = column < 0 ? 0 : masks ? masks[column] : 1;
    const char *pixel = pixels + column * (ptrdiff_t)pitch;
    places[k] = mask == 0 ? part->zeros : pixel;
    if (mask != 0 && (mask != 1 || b->must_copy)) places[k] = copied(b, pixel, mask);
  }
}

/* Gives the pixels of a run their pointers in one segment, from places `step` apart. */
static void take_places(
    const part_builder *b, const pc_run *run, const void **places, size_t step,
    pc_segment *segment) {
  int is_live = 0;
  for (size_t r = 0; r < run->count; r++) {
    const void *place = places[r * step];
    segment->rows[run->first + r] = place;
    is_live |= place != b->part->zeros;
  }
  if (is_live) segment->channels = pc_padded_channels(b->kernel, b->part->channels);
}

/* The segments of one row of the window, over the stored row whose first pixel is `line`. */
static void build_row(part_builder *b, const pc_run *run, ptrdiff_t line, pc_segment *segments) {
  const pc_convolution *c = b->convolution;
  const int32_t *columns = b->part->column_places + run->column;
  const size_t stride = c->stride[1];
  const int is_shared = stride < c->kernel[1] && c->dilation[1] == 1;
  if (is_shared)
    fill_places(b, b->places, line, columns, (run->count - 1) * stride + c->kernel[1], 1);
  for (size_t v = 0; v < c->kernel[1]; v++) {
    if (!is_shared)
      fill_places(b, b->places, line, columns + v * c->dilation[1], run->count, stride);
    take_places(
        b, run, b->places + (is_shared ? v : 0), is_shared ? stride : 1, segments + v);
  }
}

static void build_run(part_builder *b, const pc_run *run, pc_segment *segments) {
  const pc_convolution *c = b->convolution;
  const size_t area = b->part->height * b->part->width;
  for (size_t u = 0; u < c->kernel[0]; u++, segments += c->kernel[1]) {
    const int32_t place = b->part->row_places[run->row + u * c->dilation[0]];
    if (place >= 0) {
      build_row(b, run, (ptrdiff_t)(run->image * area) + place, segments);
      continue;
    }
    for (size_t v = 0; v < c->kernel[1]; v++)
      for (size_t r = 0; r < run->count; r++) segments[v].rows[run->first + r] = b->part->zeros;
  }
}

void pc_build_segments(
    const pc_convolution *convolution, const pc_tile_kernel *kernel, const pc_run *runs,
    size_t run_count, void *scratch) {
  const pc_convolution *c = convolution;
  const size_t tap_pitch = pc_tap_depth(c, kernel);
  pc_segment *segments = scratch;
  part_builder b = {.convolution = c, .kernel = kernel};
  b.places = (const void **)((char *)scratch + list_bytes(c));
  b.copies = (char *)b.places + aligned(most_places(c, kernel) * sizeof(void *));
  size_t part_depth = 0;
  for (size_t p = 0; p < c->part_count; p++, segments += tap_count(c)) {
    b.part = c->parts + p;
    b.must_copy = must_copy(c, kernel, b.part);
    const size_t channels = pc_padded_channels(kernel, b.part->channels);
    for (size_t tap = 0; tap < tap_count(c); tap++) {
      segments[tap].channels = b.part->zero_point ? channels : 0;
      segments[tap].depth = tap * tap_pitch + part_depth;
    }
    for (size_t run = 0; run < run_count; run++) build_run(&b, runs + run, segments);
    part_depth += channels;
  }
}
