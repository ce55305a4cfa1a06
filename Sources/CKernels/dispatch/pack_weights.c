#include <string.h>

#include "pc_tile.h"

/* Panels are packed tile by tile: a few channels and taps of all columns of a block are transposed
 * in a buffer that stays in the first-level cache, and each tap of it is a whole run of the panel. */

enum { TILE_CHANNELS = 16, TILE_TAPS = 9 };

static size_t block_width(const pc_tile_kernel *kernel, size_t columns) {
  if (kernel->order == PC_WEIGHTS_ROWS) return columns;
  return columns > kernel->columns / 2 ? kernel->columns : kernel->columns / 2;
}

/* Depth of one tap. */
static size_t tap_depth(const pc_tile_kernel *kernel, const pc_weights *weights) {
  size_t sum = 0;
  for (size_t p = 0; p < weights->part_count; p++)
    sum += pc_padded_channels(kernel, weights->part_channels[p]);
  return sum;
}

size_t pc_packed_weight_count(const pc_tile_kernel *kernel, const pc_weights *weights) {
  const size_t depth = tap_depth(kernel, weights) * weights->taps;
  const size_t rest = weights->outputs % kernel->columns;
  return (weights->outputs - rest) * depth + (rest ? block_width(kernel, rest) * depth : 0);
}

static size_t channel_pitch(const pc_weights *w) {
  return w->channel_pitch ? w->channel_pitch : w->taps;
}

static size_t output_pitch(const pc_weights *w) {
  if (w->output_pitch) return w->output_pitch;
  size_t channels = 0;
  for (size_t p = 0; p < w->part_count; p++) channels += w->part_channels[p];
  return channels * channel_pitch(w);
}

/* The first channel of a part among those of an output channel. */
static size_t part_start(const pc_weights *w, size_t part) {
  if (w->part_starts) return w->part_starts[part];
  size_t start = 0;
  for (size_t p = 0; p < part; p++) start += w->part_channels[p];
  return start;
}

static size_t tap_place(const pc_weights *w, size_t tap) {
  return w->tap_places ? w->tap_places[tap] : tap;
}

/* Some output channels, of which `width` columns are written, and where they go. */
typedef struct {
  const pc_tile_kernel *kernel;
  const pc_weights *weights;
  size_t first;
  size_t count;
  size_t width;
  char *packed;
  size_t tap_pitch;
} block;

/* Channels and taps of one part; `live` channels have weights, the others are padding. */
typedef struct {
  const char *source;
  size_t channels;
  size_t live;
  size_t depth;
  size_t first_tap;
  size_t taps;
} slice;

static inline __attribute__((always_inline)) void pack_slice(
    const block *b, const slice *s, const size_t size) {
  _Alignas(64) char tile[TILE_TAPS * TILE_CHANNELS * PC_MAX_TILE_COLUMNS * 4];
  const size_t group = b->kernel->group;
  const size_t run = s->channels * b->width * size;
  const size_t channel_step = channel_pitch(b->weights) * size;
  const size_t output_step = output_pitch(b->weights) * size;
  if (s->live < s->channels || b->count < b->width) memset(tile, 0, s->taps * run);
  for (size_t column = 0; column < b->count; column++) {
    const char *row = s->source + column * output_step;
    for (size_t tap = 0; tap < s->taps; tap++) {
      const char *source = row + tap_place(b->weights, s->first_tap + tap) * size;
      char *target = tile + tap * run + column * group * size;
      for (size_t channel = 0; channel < s->live; channel++) {
        const size_t rest = channel & (group - 1);
        memcpy(
            target + ((channel - rest) * b->width + rest) * size, source + channel * channel_step,
            size);
      }
    }
  }
  for (size_t tap = 0; tap < s->taps; tap++) {
    const size_t k = (s->first_tap + tap) * b->tap_pitch + s->depth;
    memcpy(b->packed + k * b->width * size, tile + tap * run, run);
  }
}

static inline __attribute__((always_inline)) void pack_panel(const block *b, const size_t size) {
  const pc_weights *w = b->weights;
  size_t depth = 0;
  for (size_t p = 0; p < w->part_count; p++) {
    const size_t padded = pc_padded_channels(b->kernel, w->part_channels[p]);
    for (size_t first = 0; first < padded; first += TILE_CHANNELS) {
      const size_t place =
          b->first * output_pitch(w) + (part_start(w, p) + first) * channel_pitch(w);
      const size_t left = w->part_channels[p] - first;
      slice s = {
          .source = (const char *)w->weights + place * size,
          .channels = padded - first < TILE_CHANNELS ? padded - first : TILE_CHANNELS,
          .depth = depth + first};
      s.live = left < s.channels ? left : s.channels;
      for (; s.first_tap < w->taps; s.first_tap += TILE_TAPS) {
        s.taps = w->taps - s.first_tap < TILE_TAPS ? w->taps - s.first_tap : TILE_TAPS;
        pack_slice(b, &s, size);
      }
    }
    depth += padded;
  }
}

static void pack_rows(const block *b, const size_t size) {
  const pc_weights *w = b->weights;
  const size_t total = b->tap_pitch * w->taps;
  memset(b->packed, 0, b->width * total * size);
  for (size_t column = 0; column < b->count; column++) {
    size_t depth = 0;
    for (size_t p = 0; p < w->part_count; p++) {
      const size_t place = (b->first + column) * output_pitch(w) + part_start(w, p) * channel_pitch(w);
      for (size_t channel = 0; channel < w->part_channels[p]; channel++)
        for (size_t tap = 0; tap < w->taps; tap++)
          memcpy(
              b->packed + (column * total + tap * b->tap_pitch + depth + channel) * size,
              (const char *)w->weights
                  + (place + channel * channel_pitch(w) + tap_place(w, tap)) * size,
              size);
      depth += pc_padded_channels(b->kernel, w->part_channels[p]);
    }
  }
}

void pc_pack_weights(const pc_tile_kernel *kernel, const pc_weights *weights, void *packed) {
  const size_t size = pc_number_size(kernel->arithmetic);
  block b = {.kernel = kernel, .weights = weights, .tap_pitch = tap_depth(kernel, weights)};
  for (; b.first < weights->outputs; b.first += kernel->columns) {
    const size_t rest = weights->outputs - b.first;
    b.count = rest < kernel->columns ? rest : kernel->columns;
    b.width = block_width(kernel, b.count);
    b.packed = (char *)packed + b.first * b.tap_pitch * weights->taps * size;
    if (kernel->order == PC_WEIGHTS_ROWS) {
      pack_rows(&b, size);
      continue;
    }
    switch (size) {
      case 4: pack_panel(&b, 4); break;
      case 2: pack_panel(&b, 2); break;
      case 1: pack_panel(&b, 1); break;
    }
  }
}

void pc_sum_weights(const pc_weights *weights, int32_t *sums) {
  for (size_t p = 0; p < weights->part_count; p++)
    for (size_t output = 0; output < weights->outputs; output++, sums++) {
      const int8_t *source = (const int8_t *)weights->weights + output * output_pitch(weights)
                             + part_start(weights, p) * channel_pitch(weights);
      int32_t sum = 0;
      for (size_t tap = 0; tap < weights->taps; tap++)
        for (size_t channel = 0; channel < weights->part_channels[p]; channel++)
          sum += source[channel * channel_pitch(weights) + tap_place(weights, tap)];
      *sums = sum;
    }
}
