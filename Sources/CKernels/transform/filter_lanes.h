/* The transforms of weights; part of transform_lanes.h.
 *
 * Of some channels at a time the taps of all columns are first brought side by side. Where G only
 * adds and halves, f64 holds its results exactly for weights that differ by less than 2^24. */

enum { TAPS = PC_MAX_TRANSFORM_TAPS, NEAR_CHANNELS = 16, MAX_GROUP = 2 };

typedef double wide __attribute__((ext_vector_type(LANES / 2)));
typedef float wide_floats __attribute__((ext_vector_type(LANES / 2)));

static const double root_of_two = 0x1.6a09e667f3bcdp0;

/* Taps to the weights of the products. */
INLINE void filter_f2x2(const wide *w, wide *u) {
  u[0] = -w[0];
  u[1] = w[0] + w[1];
  u[2] = w[1];
}

INLINE void filter_f2x3(const wide *w, wide *u) {
  const wide even = 0.5 * (w[0] + w[2]), odd = 0.5 * w[1];
  u[0] = -w[0];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = w[2];
}

INLINE void filter_f3x2(const wide *w, wide *u) {
  u[0] = -w[0];
  u[1] = 0.5 * (w[0] + w[1]);
  u[2] = 0.5 * (w[0] - w[1]);
  u[3] = w[1];
}

INLINE void filter_f3x4(const wide *w, wide *u) {
#pragma STDC FP_CONTRACT OFF
  const wide even_small = (-2.0 / 3) * (w[0] + 0.5 * w[2]);
  const wide odd_small = -(root_of_two / 3) * (w[1] + 0.5 * w[3]);
  const wide even_large = (1.0 / 6) * (w[0] + 2 * w[2]);
  const wide odd_large = root_of_two / 6 * (w[1] + 2 * w[3]);
  u[0] = w[0];
  u[1] = even_small + odd_small;
  u[2] = even_small - odd_small;
  u[3] = even_large + odd_large;
  u[4] = even_large - odd_large;
  u[5] = w[3];
}

INLINE void filter_f4x3(const wide *w, wide *u) {
#pragma STDC FP_CONTRACT OFF
  const wide even_small = (-2.0 / 3) * (w[0] + 0.5 * w[2]);
  const wide odd_small = -(root_of_two / 3) * w[1];
  const wide even_large = (1.0 / 6) * (w[0] + 2 * w[2]);
  const wide odd_large = root_of_two / 6 * w[1];
  u[0] = w[0];
  u[1] = even_small + odd_small;
  u[2] = even_small - odd_small;
  u[3] = even_large + odd_large;
  u[4] = even_large - odd_large;
  u[5] = w[2];
}

INLINE void filter_c4x3(const wide *w, wide *u) {
  const wide even = 0.25 * (w[0] + w[2]), odd = 0.25 * w[1];
  u[0] = -w[0];
  u[1] = even + odd;
  u[2] = even - odd;
  u[3] = 0.5 * (w[0] - w[2]);
  u[4] = 0.5 * w[1];
  u[5] = u[3] + u[4];
  u[6] = w[2];
}

INLINE void filter_f6x3(const wide *w, wide *u) {
#pragma STDC FP_CONTRACT OFF
  const wide even_one = (-2.0 / 9) * (w[0] + w[2]), odd_one = (-2.0 / 9) * w[1];
  const wide even_two = (1.0 / 90) * (w[0] + 4 * w[2]), odd_two = (1.0 / 45) * w[1];
  const wide even_half = (32.0 / 45) * (w[0] + 0.25 * w[2]), odd_half = (16.0 / 45) * w[1];
  u[0] = -w[0];
  u[1] = even_one + odd_one;
  u[2] = even_one - odd_one;
  u[3] = even_two + odd_two;
  u[4] = even_two - odd_two;
  u[5] = even_half + odd_half;
  u[6] = even_half - odd_half;
  u[7] = w[2];
}

INLINE void filter_up2(const wide *w, wide *u) {
  u[0] = -(w[0] + w[1]);
  u[1] = -w[0];
  u[2] = (w[0] + w[1]) + w[2];
  u[3] = w[2];
  u[4] = w[1] + w[2];
}

INLINE void filter_up3(const wide *w, wide *u) {
  u[0] = -(w[0] + w[1]);
  u[1] = -w[0];
  u[2] = 0.5 * ((w[0] + w[1]) + w[2]);
  u[3] = 0.5 * ((w[0] + w[1]) - w[2]);
  u[4] = 0.5 * (w[0] - (w[1] + w[2]));
  u[5] = w[2];
  u[6] = w[1] + w[2];
}

typedef void (*line_filter)(const wide *from, wide *to);

/* The taps of some channels: [channel][row * taps + column][output channel]. */
typedef float near_taps[NEAR_CHANNELS][TAPS * TAPS][PC_MAX_TILE_COLUMNS];

INLINE float tap_value(const void *numbers, size_t place) {
#ifdef PC_TRANSFORM_BF16
  return pc_bf16_value(((const weight *)numbers)[place]);
#else
  return ((const weight *)numbers)[place];
#endif
}

INLINE void gather_taps(
    const pc_transform_filters *f, const size_t taps, const size_t rows, const size_t columns,
    size_t first, size_t count, near_taps to) {
  for (size_t output = 0; output < f->outputs; output++)
    for (size_t k = 0; k < count; k++) {
      const size_t place = output * f->output_stride + (first + k) * f->channel_stride;
      for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
          to[k][i * taps + j][output] =
              tap_value(f->weights, place + i * f->tap_stride[0] + j * f->tap_stride[1]);
    }
}

/* The products of one channel for some columns. */
typedef float near_products[SIDE * SIDE][LANES];

INLINE void filter_channel(
    line_filter filter, const size_t taps, const size_t products,
    float (*from)[PC_MAX_TILE_COLUMNS], size_t column, near_products to) {
  UNROLL for (size_t half = 0; half < LANES; half += LANES / 2) {
    wide w[TAPS], t[SIDE * TAPS], u[SIDE];
    UNROLL for (size_t j = 0; j < taps; j++) {
      UNROLL for (size_t i = 0; i < taps; i++) {
        wide_floats x;
        memcpy(&x, from[i * taps + j] + column + half, sizeof x);
        w[i] = __builtin_convertvector(x, wide);
      }
      filter(w, u);
      UNROLL for (size_t i = 0; i < products; i++) t[i * taps + j] = u[i];
    }
    UNROLL for (size_t i = 0; i < products; i++) {
      filter(t + i * taps, u);
      UNROLL for (size_t j = 0; j < products; j++) {
        const wide_floats x = __builtin_convertvector(u[j], wide_floats);
        memcpy(to[i * products + j] + half, &x, sizeof x);
      }
    }
  }
}

/* Stores one product of a whole group of channels for the columns of a vector; a group of f32
 * numbers is one. */
INLINE void store_group(panel_number *to, const size_t group, near_products *products, size_t p) {
#ifdef PC_TRANSFORM_BF16
  if (group == 2) {
    const words first = __builtin_convertvector(bf16_stored(load(products[0][p])), words);
    const words second = __builtin_convertvector(bf16_stored(load(products[1][p])), words);
    const words pair = first | second << 16;
    memcpy(to, &pair, sizeof pair);
    return;
  }
  const half_words stored = bf16_stored(load(products[0][p]));
  memcpy(to, &stored, sizeof stored);
#else
  store(to, load(products[group - 1][p]));
#endif
}

INLINE void filter_groups(
    line_filter filter, const size_t taps, const size_t products, const size_t group,
    const pc_transform_filters *f, size_t first, size_t count, near_taps near) {
  _Alignas(64) near_products u[MAX_GROUP];
  for (size_t k = 0; k < count; k += group)
    for (size_t column = 0; column < f->columns; column += LANES) {
      for (size_t member = 0; member < group; member++)
        filter_channel(filter, taps, products, near[k + member], column, u[member]);
      const size_t place = (first + k) * f->columns + column * group;
      UNROLL for (size_t p = 0; p < products * products; p++)
        if (f->panels[p]) store_group((panel_number *)f->panels[p] + place, group, u, p);
    }
}

INLINE void filter_panels(
    line_filter filter, const size_t taps, const size_t products,
    const pc_transform_filters *f) {
  near_taps near = {{{0}}};
  for (size_t first = 0; first < f->channels; first += NEAR_CHANNELS) {
    const size_t left = f->channels - first;
    const size_t count = left < NEAR_CHANNELS ? left : NEAR_CHANNELS;
    if (f->taps[0] == taps && f->taps[1] == taps)
      gather_taps(f, taps, taps, taps, first, count, near);
    else
      gather_taps(f, taps, f->taps[0], f->taps[1], first, count, near);
    if (f->group == 2)
      filter_groups(filter, taps, products, 2, f, first, count, near);
    else
      filter_groups(filter, taps, products, 1, f, first, count, near);
  }
}

#define PC_TRANSFORM_FORM(name, data, window, side, products, outputs, taps, ...) \
  static void filter_##name##_panels(const pc_transform_filters *filters) { \
    filter_panels(filter_##name, taps, products, filters); \
  }
#include "transform_forms.inc"
#undef PC_TRANSFORM_FORM
