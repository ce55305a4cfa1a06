#include "transform_blocks.h"

/* Transforms the data under the windows of a block of tiles. */

enum {
  MAX_PIXELS = PC_MAX_TRANSFORM_SIDE * PC_MAX_TRANSFORM_SIDE,
  WINDOWS_AHEAD = 3,
  FEW_BYTES = 16
};

/* The pixels of a source under one window, their masks, and the place of the window among those
 * that have values. */
typedef struct {
  const pc_transform_source *source;
  const void *pixels[MAX_PIXELS];
  float scales[MAX_PIXELS];
  int is_scaled;
  size_t window;
} window_data;

/* Whether `window` data from `place` on, `stride` apart, lie among `length`. */
static int lies_inside(ptrdiff_t place, size_t window, size_t stride, size_t length) {
  return place >= 0 && place + (ptrdiff_t)((window - 1) * stride) < (ptrdiff_t)length;
}

/* Finds the pixels under the window that starts at `row` and `column`. */
static void find_pixels(
    window_data *data, size_t window, size_t image, ptrdiff_t row, ptrdiff_t column,
    size_t number_size) {
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
          mask == 0 ? s->zeros : (const char *)s->pixels + index * pitch;
      data->scales[i * window + j] = mask;
      data->is_scaled |= mask != 0 && mask != 1;
    }
  }
}

/* Loads one window after another, each while the pixels of one that follows are fetched. */
typedef struct {
  const pc_transform *transform;
  const pc_transform_kernel *transforms;
  const pc_transform_term *term;
  size_t number_size;
  size_t window;
  char *values;
  float *scales;
  float *unrounded;
  size_t found;
  size_t loaded;
  window_data ring[WINDOWS_AHEAD + 1];
} loader;

static void load_next(loader *l) {
  const window_data *data = l->ring + l->loaded++ % (WINDOWS_AHEAD + 1);
  const window_data *last = l->ring + (l->found - 1) % (WINDOWS_AHEAD + 1);
  const pc_transform_term *term = l->term;
  const pc_transform_load_ukernel load = l->transforms->load[term->form];
  const float *scales = data->is_scaled ? data->scales : NULL;
  char *values = l->values + data->window * term->pitch * l->number_size;
  if (!l->transforms->round_values) {
    load(data->pixels, scales, last->pixels, data->source, values, term->value_stride);
    return;
  }
  load(data->pixels, scales, last->pixels, data->source, l->unrounded, term->pitch);
  if (data->source + 1 == term->sources + term->source_count)
    l->transforms->round_values(
        l->unrounded, term->pitch, pc_form_of(term)->values, term->depth, (uint8_t *)values,
        term->value_stride, l->scales + data->window, pc_window_room(term));
}

static void load_source(
    loader *l, const pc_transform_source *source, size_t image, ptrdiff_t row, ptrdiff_t column,
    size_t window) {
  window_data *data = l->ring + l->found++ % (WINDOWS_AHEAD + 1);
  data->source = source;
  data->window = window;
  find_pixels(
      data, l->window, image, source->first[0] + row * (ptrdiff_t)source->advance,
      source->first[1] + column * (ptrdiff_t)source->advance, l->number_size);
  if (l->found > WINDOWS_AHEAD) load_next(l);
}

static int has_bytes(const char *bytes, size_t count) {
  int any = 0;
  for (size_t k = 0; k < count; k++) any |= bytes[k];
  return any != 0;
}

/* Whether a source has data under the window that starts at `row` and `column`: by its mask, or
 * where it has none, by numbers other than zero, if pixels have few enough to look at them all. */
static int has_data(
    const pc_transform_source *s, size_t window, size_t number_size, size_t image, ptrdiff_t row,
    ptrdiff_t column) {
  const size_t bytes = s->channels * number_size, pitch = s->pixel_stride * number_size;
  if (!s->mask && (bytes > FEW_BYTES || s->zero_point)) return 1;
  const ptrdiff_t height = (ptrdiff_t)s->height, width = (ptrdiff_t)s->width;
  const ptrdiff_t step = (ptrdiff_t)s->stride, length = (ptrdiff_t)window * step;
  for (ptrdiff_t i = row; i < row + length && i < height; i += step) {
    for (ptrdiff_t j = column; i >= 0 && j < column + length && j < width; j += step) {
      const ptrdiff_t index = ((ptrdiff_t)image * height + i) * width + j;
      if (j < 0) continue;
      if (s->mask ? s->mask[index] != 0
                  : has_bytes((const char *)s->pixels + (size_t)index * pitch, bytes))
        return 1;
    }
  }
  return 0;
}

static pc_window_state state_of(
    const loader *l, size_t image, ptrdiff_t row, ptrdiff_t column) {
  const pc_transform *t = l->transform;
  const ptrdiff_t outputs = (ptrdiff_t)pc_form_of(l->term)->outputs;
  const ptrdiff_t height = (ptrdiff_t)t->height, width = (ptrdiff_t)t->width;
  if (row + outputs <= 0 || column + outputs <= 0 || row >= height || column >= width)
    return PC_WINDOW_OUTSIDE;
  const ptrdiff_t down = (row - t->origin) / outputs, right = (column - t->origin) / outputs;
  int has_any = 0;
  for (size_t k = 0; k < l->term->source_count && !has_any; k++) {
    const pc_transform_source *s = l->term->sources + k;
    const ptrdiff_t advance = (ptrdiff_t)s->advance;
    has_any = has_data(
        s, l->window, l->number_size, image, s->first[0] + down * advance,
        s->first[1] + right * advance);
  }
  if (!has_any) return PC_WINDOW_EMPTY;
  if (row + outputs > height) return PC_WINDOW_BELOW;
  return column + outputs > width ? PC_WINDOW_RIGHT : PC_WINDOW_INSIDE;
}

/* The corner of one of the parts into which a term cuts a tile. */
static pc_place part_of(const loader *l, pc_place tile, size_t part) {
  const size_t parts = pc_cuts(l->transform, l->term), outputs = pc_form_of(l->term)->outputs;
  tile.row += (ptrdiff_t)(part / parts * outputs);
  tile.column += (ptrdiff_t)(part % parts * outputs);
  return tile;
}

/* Finds out about the windows of one tile. */
static void find_states(const loader *l, pc_place tile, uint8_t *states) {
  const size_t parts = pc_cuts(l->transform, l->term);
  for (size_t part = 0; part < parts * parts; part++) {
    const pc_place place = part_of(l, tile, part);
    states[part] = (uint8_t)state_of(l, place.image, place.row, place.column);
  }
}

/* Loads the windows of one tile that count, in the next places of their states. */
static void load_tile(
    loader *l, pc_place tile, const uint8_t *states, pc_window_places *places) {
  const pc_transform *t = l->transform;
  const ptrdiff_t outputs = (ptrdiff_t)pc_form_of(l->term)->outputs;
  const size_t parts = pc_cuts(t, l->term);
  for (size_t part = 0; part < parts * parts; part++) {
    if (states[part] < PC_WINDOW_INSIDE) continue;
    const pc_place place = part_of(l, tile, part);
    const size_t window = places->next[states[part]]++;
    for (size_t k = 0; k < l->term->source_count; k++)
      load_source(
          l, l->term->sources + k, place.image, (place.row - t->origin) / outputs,
          (place.column - t->origin) / outputs, window);
  }
}

static void load_term(
    const pc_transform *t, const pc_transform_kernel *transforms, const pc_transform_term *term,
    size_t first, size_t count, char *values, float *unrounded) {
  const pc_arithmetic arithmetic = transforms->arithmetic;
  loader l = {
      .transform = t,
      .transforms = transforms,
      .term = term,
      .number_size = pc_number_size(arithmetic),
      .window = pc_form_of(term)->window,
      .values = values,
      .scales = (float *)(values + pc_scale_offset(term, arithmetic)),
      .unrounded = unrounded,
  };
  const size_t windows = pc_cuts(t, term) * pc_cuts(t, term);
  uint8_t *states = (uint8_t *)values + pc_value_bytes(term, arithmetic);
  for (size_t k = 0; k < count; k++)
    find_states(&l, pc_place_of(t, first + k), states + k * windows);
  pc_window_places places = pc_places_of(states, count * windows);
  for (size_t k = 0; k < count; k++)
    load_tile(&l, pc_place_of(t, first + k), states + k * windows, &places);
  while (l.loaded < l.found) load_next(&l);
}

void pc_transform_load(
    const pc_transform *transform, const pc_transform_kernel *transforms, size_t first,
    size_t count, void *values) {
  const pc_transform_term *end = transform->terms + transform->term_count;
  size_t bytes = 0;
  for (const pc_transform_term *term = transform->terms; term < end; term++)
    bytes += pc_term_bytes(term, transforms->arithmetic);
  float *unrounded = (float *)((char *)values + bytes);
  char *to = values;
  for (const pc_transform_term *term = transform->terms; term < end; term++) {
    load_term(transform, transforms, term, first, count, to, unrounded);
    to += pc_term_bytes(term, transforms->arithmetic);
  }
}
