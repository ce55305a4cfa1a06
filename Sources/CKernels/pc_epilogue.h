#ifndef PC_EPILOGUE_H
#define PC_EPILOGUE_H

#include "pc_narrow.h"
#include "pc_tile.h"

/* Asks for the addends while the products are still being summed. */
static inline void pc_prefetch_addends(const pc_tile *tile) {
  enum { LINE_NUMBERS = 16 };
  for (size_t j = 0; j < tile->addend_count; j++)
    for (size_t row = 0; row < tile->rows; row++)
      for (size_t column = 0; column < tile->columns; column += LINE_NUMBERS)
        __builtin_prefetch((const float *)tile->addends[j][row] + tile->first_column + column);
}

/* Whether nothing follows the sums of a tile. */
static inline int pc_has_plain_sums(const pc_tile *tile) {
  return tile->addend_count == 0 && !tile->scale && !tile->ratio && tile->bias_count == 0 &&
         tile->activation == PC_ACTIVATION_NONE && tile->storage == PC_STORE_F32;
}

static inline void pc_store_output(const pc_tile *tile, size_t row, size_t column, float y) {
  const size_t place = row * tile->output_stride + column;
  if (tile->storage == PC_STORE_F32) ((float *)tile->output)[place] = y;
  if (tile->storage == PC_STORE_BF16) ((uint16_t *)tile->output)[place] = pc_bf16_stored(y);
  if (tile->storage == PC_STORE_U8)
    ((uint8_t *)tile->output)[place] = pc_u8_stored(y, tile->reciprocal, tile->zero_point);
}

/* Finishes one value of a tile: the scalar meaning of everything after the sum and its addends. */
static inline void pc_finish_output(const pc_tile *tile, size_t row, size_t column, float sum) {
#pragma STDC FP_CONTRACT OFF
  float y = sum;
  if (tile->scale) y = y * tile->scale[column];
  if (tile->ratio) y = y * tile->ratio[row];
  for (size_t j = 0; j < tile->bias_count; j++) {
    float term = tile->bias[j][column];
    if (tile->plane[j]) term = term * tile->plane[j][row];
    y = y + term;
  }
  if (tile->activation == PC_ACTIVATION_RELU) y = y < 0 ? 0 : y;
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU) y = y < 0 ? tile->slope * y : y;
  pc_store_output(tile, row, column, y);
}

/* Writes one value of a tile of floating-point sums. */
static inline void pc_write_output(const pc_tile *tile, size_t row, size_t column, float sum) {
#pragma STDC FP_CONTRACT OFF
  float y = sum;
  for (size_t j = 0; j < tile->addend_count; j++)
    y = y + ((const float *)tile->addends[j][row])[tile->first_column + column];
  pc_finish_output(tile, row, column, y);
}

/* The integer sum of the addends of one value. */
static inline int32_t pc_integer_addend(const pc_tile *tile, size_t row, size_t column) {
  int32_t sum = 0;
  for (size_t j = 0; j < tile->addend_count; j++)
    sum += ((const int32_t *)tile->addends[j][row])[tile->first_column + column];
  return sum;
}

#endif
