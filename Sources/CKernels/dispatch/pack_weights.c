#include <string.h>

#include "pc_tile.h"

static size_t block_width(const pc_tile_kernel *kernel, size_t columns) {
  if (kernel->order == PC_WEIGHTS_ROWS) return columns;
  return columns > kernel->columns / 2 ? kernel->columns : kernel->columns / 2;
}

size_t pc_packed_weight_count(const pc_tile_kernel *kernel, size_t outputs, size_t depth) {
  const size_t rest = outputs % kernel->columns;
  return (outputs - rest) * depth + (rest ? block_width(kernel, rest) * depth : 0);
}

void pc_pack_weights(
    const pc_tile_kernel *kernel, const float *weights, size_t outputs, size_t channels,
    size_t taps, float *packed) {
  const size_t depth = channels * taps;
  memset(packed, 0, pc_packed_weight_count(kernel, outputs, depth) * sizeof(float));
  for (size_t output = 0; output < outputs; output++) {
    const size_t column = output % kernel->columns;
    const size_t first = output - column;
    const size_t rest = outputs - first;
    const size_t width = block_width(kernel, rest < kernel->columns ? rest : kernel->columns);
    float *panel = packed + first * depth;
    for (size_t channel = 0; channel < channels; channel++)
      for (size_t tap = 0; tap < taps; tap++) {
        const size_t k = tap * channels + channel;
        const size_t place =
            kernel->order == PC_WEIGHTS_PANELS ? k * width + column : column * depth + k;
        panel[place] = weights[(output * channels + channel) * taps + tap];
      }
  }
}
