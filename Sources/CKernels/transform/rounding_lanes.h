/* Values and transformed weights rounded to 8 bits; part of transform_lanes.h.
 *
 * Every value of every window, and every product of every output channel, has a scale of its own:
 * at 1 the values of smooth pictures are many times those at the other points. */

enum { BYTE_LIMIT = 127, BYTE_ZERO = 128 };

/* Adding it leaves a number of up to 2^22 rounded to even in the low bits. */
static const float byte_rounder = 12582912.0f;

INLINE words bits_of(lanes x) {
  words bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* Magnitudes are in the order of their bits. */
INLINE words magnitude_bits(lanes x) { return bits_of(x) & 0x7FFFFFFF; }

/* The numbers behind `count` become zeros, so that whole vectors can be read. */
INLINE void clear_rest(float *from, size_t count) {
  for (; count % LANES; count++) from[count] = 0;
}

INLINE void round_value(const float *from, size_t count, uint8_t *to, float *scale) {
  words peaks = 0;
  for (size_t k = 0; k < count; k += LANES)
    peaks = __builtin_elementwise_max(peaks, magnitude_bits(load(from + k)));
  const uint32_t peak_bits = __builtin_reduce_max(peaks);
  float peak;
  memcpy(&peak, &peak_bits, sizeof peak);
  const lanes reciprocal = peak > 0 ? BYTE_LIMIT / peak : 0;
  *scale = peak / BYTE_LIMIT;
  for (size_t k = 0; k < count; k += LANES) {
    const lanes x = load(from + k) * reciprocal + (byte_rounder + BYTE_ZERO);
    const bytes y = __builtin_convertvector(bits_of(x) & 0xFF, bytes);
    memcpy(to + k, &y, sizeof y);
  }
}

static void round_values(
    float *values, size_t value_stride, size_t side, const size_t (*depth)[2], uint8_t *rounded,
    size_t pitch, float *scales, size_t scale_pitch) {
  for (size_t i = 0; i < side; i++)
    for (size_t j = 0; j < side; j++) {
      const size_t count = depth[i == side - 1][j == side - 1], v = i * side + j;
      clear_rest(values + v * value_stride, count);
      round_value(
          values + v * value_stride, count, rounded + v * pitch, scales + v * scale_pitch);
    }
}

/* The scales of the columns of a vector. */
INLINE lanes column_scales(const float *weights, size_t depth, size_t columns) {
  words bits = 0;
  for (size_t k = 0; k < depth; k++)
    bits = __builtin_elementwise_max(bits, magnitude_bits(load(weights + k * columns)));
  lanes peaks;
  memcpy(&peaks, &bits, sizeof peaks);
  return peaks / BYTE_LIMIT;
}

static void round_weights(
    const float *weights, size_t depth, size_t columns, size_t group, int8_t *rounded,
    int32_t *corrections, float *scales) {
  for (size_t column = 0; column < columns; column += LANES) {
    const lanes scale = column_scales(weights + column, depth, columns);
    const lanes reciprocal = scale > 0 ? 1 / scale : 0;
    integers sum = 0;
    for (size_t k = 0; k < depth; k++) {
      const lanes x = load(weights + k * columns + column) * reciprocal;
      const integers y = __builtin_convertvector((x + byte_rounder) - byte_rounder, integers);
      int8_t *to = rounded + (k - k % group) * columns + column * group + k % group;
      for (size_t c = 0; c < LANES; c++) to[c * group] = (int8_t)y[c];
      sum += y;
    }
    const integers correction = -BYTE_ZERO * sum;
    memcpy(corrections + column, &correction, sizeof correction);
    store(scales + column, scale);
  }
}
