#ifndef PC_TILE_SUMS_H
#define PC_TILE_SUMS_H

#include "pc_tile.h"

/* One group of numbers as kernels load it. */
typedef int32_t __attribute__((aligned(1), may_alias)) pc_word;

/* The sums of a tile on their way from registers to the stored result. */
typedef struct {
  _Alignas(64) float values[PC_MAX_TILE_ROWS][PC_MAX_TILE_COLUMNS];
} pc_tile_sums;

/* Everything after the sums of the parts, which are scaled if they were integers, as their addends
 * then are: from the addends to the stored result. */
void pc_finish__avx2(const pc_tile *tile, const pc_tile_sums *sums, int is_integer);
void pc_finish__avx512(const pc_tile *tile, const pc_tile_sums *sums, int is_integer);

#endif
