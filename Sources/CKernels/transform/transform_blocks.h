#ifndef PC_TRANSFORM_BLOCKS_H
#define PC_TRANSFORM_BLOCKS_H

#include "pc_transform.h"

/* How a block of tiles lies in memory while its outputs are computed.
 *
 * Values lie as [term][value][window][channel], behind those of a term what its windows are, and
 * behind that the scales of u8 values, [value][window]; products of one block of output channels as
 * [term][product][window][column]. Both of a block of tiles, or at least the products, stay in the
 * second-level cache while the weights stream past once. Only windows that count have values and
 * products, and at the last rows and columns of the picture only products that outputs in it
 * take. */

/* What is known of a window before it is transformed. */
typedef enum {
  /* None of its outputs lies in the picture. */
  PC_WINDOW_OUTSIDE,
  /* All its data is zeros, as in holes, and so are its products. */
  PC_WINDOW_EMPTY,
  /* The last of its rows and columns lie in the picture. */
  PC_WINDOW_INSIDE,
  /* Some of its columns lie to the right of the picture. */
  PC_WINDOW_RIGHT,
  /* Some of its rows lie below the picture, and maybe some of its columns to the right. */
  PC_WINDOW_BELOW,
  PC_WINDOW_STATES,
} pc_window_state;

/* Places of windows in values and products: those of a state follow each other, in the order of
 * the states. Windows outside and empty ones have none. */
typedef struct {
  size_t next[PC_WINDOW_STATES];
  size_t end;
} pc_window_places;

static inline pc_window_places pc_places_of(const uint8_t *states, size_t count) {
  pc_window_places places = {{0}, 0};
  size_t counts[PC_WINDOW_STATES] = {0};
  for (size_t k = 0; k < count; k++) counts[states[k]]++;
  for (size_t state = PC_WINDOW_INSIDE; state < PC_WINDOW_STATES; state++) {
    places.next[state] = places.end;
    places.end += counts[state];
  }
  return places;
}

enum { PC_LINE_BYTES = 64 };

typedef struct {
  size_t image;
  ptrdiff_t row;
  ptrdiff_t column;
} pc_place;

static inline const pc_transform_form_size *pc_form_of(const pc_transform_term *term) {
  size_t count;
  return pc_transform_forms(&count) + term->form;
}

/* Windows of a term along each side of a tile. */
static inline size_t pc_cuts(const pc_transform *t, const pc_transform_term *term) {
  return t->side / pc_form_of(term)->outputs;
}

/* The corner of a listed tile. */
static inline pc_place pc_place_of(const pc_transform *t, size_t index) {
  const size_t tile = (size_t)t->tiles[index];
  const size_t area = t->tile_rows * t->tile_columns;
  const pc_place result = {
      .image = tile / area,
      .row = (ptrdiff_t)(tile % area / t->tile_columns * t->side) + t->origin,
      .column = (ptrdiff_t)(tile % t->tile_columns * t->side) + t->origin,
  };
  return result;
}

/* Bytes of all values of a term. */
static inline size_t pc_value_bytes(const pc_transform_term *term, pc_arithmetic arithmetic) {
  const size_t side = pc_form_of(term)->values;
  return side * side * term->value_stride * pc_number_size(arithmetic);
}

static inline size_t pc_in_lines(size_t bytes) {
  return (bytes + PC_LINE_BYTES - 1) / PC_LINE_BYTES * PC_LINE_BYTES;
}

/* Windows that a term has room for. */
static inline size_t pc_window_room(const pc_transform_term *term) {
  return term->value_stride / term->pitch;
}

/* Where the scales of a term begin: behind its values and the states of its windows, one each. */
static inline size_t pc_scale_offset(const pc_transform_term *term, pc_arithmetic arithmetic) {
  return pc_value_bytes(term, arithmetic) + pc_in_lines(pc_window_room(term));
}

/* Bytes of all values, states and scales of a term. */
static inline size_t pc_term_bytes(const pc_transform_term *term, pc_arithmetic arithmetic) {
  const size_t side = pc_form_of(term)->values;
  const size_t scales = arithmetic == PC_U8S8 ? side * side * pc_window_room(term) : 0;
  return pc_scale_offset(term, arithmetic) + pc_in_lines(scales * sizeof(float));
}

#endif
