#include "cross_tests.h"

const float *packed_weights(
    const pc_tile_kernel *kernel, const float *weights, size_t outputs, size_t channels,
    size_t taps) {
  const pc_weights unpacked = {
      .weights = weights, .outputs = outputs, .part_channels = &channels, .part_count = 1,
      .taps = taps};
  float *packed = guarded_floats(pc_packed_weight_count(kernel, &unpacked));
  pc_pack_weights(kernel, &unpacked, packed);
  return packed;
}
