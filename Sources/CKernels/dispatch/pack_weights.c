#include <string.h>

#include "pc_tile.h"

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

/* The panel of one output channel and the places of its depths in it. */
typedef struct {
  char *panel;
  size_t column;
  size_t width;
  size_t depth;
} column_place;

static inline __attribute__((always_inline)) void pack_column(
    const pc_tile_kernel *kernel, const pc_weights *w, column_place place, const char *source,
    const size_t size) {
  const size_t tap_pitch = tap_depth(kernel, w);
  size_t part_depth = 0;
  for (size_t p = 0; p < w->part_count; p++) {
    for (size_t channel = 0; channel < w->part_channels[p]; channel++)
      for (size_t tap = 0; tap < w->taps; tap++, source += size) {
        const size_t k = tap * tap_pitch + part_depth + channel;
        const size_t rest = k & (kernel->group - 1);
        const size_t index =
            kernel->order == PC_WEIGHTS_PANELS
                ? (k - rest) * place.width + place.column * kernel->group + rest
                : place.column * place.depth + k;
        memcpy(place.panel + index * size, source, size);
      }
    part_depth += pc_padded_channels(kernel, w->part_channels[p]);
  }
}

void pc_pack_weights(const pc_tile_kernel *kernel, const pc_weights *weights, void *packed) {
  const size_t size = pc_number_size(kernel->arithmetic);
  const size_t depth = tap_depth(kernel, weights) * weights->taps;
  size_t channels = 0;
  for (size_t p = 0; p < weights->part_count; p++) channels += weights->part_channels[p];
  memset(packed, 0, pc_packed_weight_count(kernel, weights) * size);
  for (size_t output = 0; output < weights->outputs; output++) {
    const size_t column = output % kernel->columns;
    const size_t first = output - column;
    const size_t rest = weights->outputs - first;
    const column_place place = {
        (char *)packed + first * depth * size, column,
        block_width(kernel, rest < kernel->columns ? rest : kernel->columns), depth};
    const char *source = (const char *)weights->weights + output * channels * weights->taps * size;
    switch (size) {
      case 4: pack_column(kernel, weights, place, source, 4); break;
      case 2: pack_column(kernel, weights, place, source, 2); break;
      case 1: pack_column(kernel, weights, place, source, 1); break;
    }
  }
}
