#ifndef PC_TILE_SUMS_H
#define PC_TILE_SUMS_H

#include "pc_tile.h"

/* One group of numbers as kernels load it. */
typedef int32_t __attribute__((aligned(1), may_alias)) pc_word;

/* The sums of a tile on their way from registers to the stored result. */
typedef struct {
  _Alignas(64) float values[PC_MAX_TILE_ROWS][PC_MAX_TILE_COLUMNS];
} pc_tile_sums;

/* The integer sums of one part of a tile. */
typedef struct {
  _Alignas(64) int32_t values[PC_MAX_TILE_ROWS][PC_MAX_TILE_COLUMNS];
} pc_integer_sums;

/* Scales the integer sums of a part, and adds them to those of earlier parts where there are some.
 * */
void pc_take_integer_sums__avx2(
    const pc_tile *tile, size_t part, const pc_integer_sums *integers, pc_tile_sums *sums);
void pc_take_integer_sums__avx512(
    const pc_tile *tile, size_t part, const pc_integer_sums *integers, pc_tile_sums *sums);

/* Adds the scaled integer addends of a tile to its sums, which are 0 when it has no parts. */
void pc_add_integer_addends__avx2(const pc_tile *tile, pc_tile_sums *sums);
void pc_add_integer_addends__avx512(const pc_tile *tile, pc_tile_sums *sums);

/* Adds the f32 addends of a tile to its sums. */
void pc_add_addends__avx2(const pc_tile *tile, pc_tile_sums *sums);
void pc_add_addends__avx512(const pc_tile *tile, pc_tile_sums *sums);

/* Everything after the sums, to the stored result. */
void pc_finish__avx2(const pc_tile *tile, const pc_tile_sums *sums);
void pc_finish__avx512(const pc_tile *tile, const pc_tile_sums *sums);

#endif
