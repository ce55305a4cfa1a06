#ifndef PC_EPILOGUE_H
#define PC_EPILOGUE_H

#include "pc_tile.h"

/* Asks for the addends while the products are still being summed. */
static inline void pc_prefetch_addends(const pc_tile *tile) {
  enum { LINE_FLOATS = 16 };
  for (size_t j = 0; j < tile->addend_count; j++)
    for (size_t row = 0; row < tile->rows; row++)
      for (size_t column = 0; column < tile->columns; column += LINE_FLOATS)
        __builtin_prefetch(tile->addends[j][row] + tile->first_column + column);
}

/* Writes one value of a tile: the scalar meaning of everything after the sum. */
static inline void pc_write_output(const pc_tile *tile, size_t row, size_t column, float sum) {
#pragma STDC FP_CONTRACT OFF
  float y = sum;
  for (size_t j = 0; j < tile->addend_count; j++)
    y = y + tile->addends[j][row][tile->first_column + column];
  if (tile->scale) y = y * tile->scale[column];
  if (tile->ratio) y = y * tile->ratio[row];
  for (size_t j = 0; j < tile->bias_count; j++) {
    float term = tile->bias[j][column];
    if (tile->plane[j]) term = term * tile->plane[j][row];
    y = y + term;
  }
  if (tile->activation == PC_ACTIVATION_RELU) y = y < 0 ? 0 : y;
  if (tile->activation == PC_ACTIVATION_LEAKY_RELU) y = y < 0 ? tile->slope * y : y;
  tile->output[row * tile->output_stride + column] = y;
}

#endif
