/* Register tiles of u8 pictures and i8 weights, for any instruction set. The including file has
 * `add_products`, and defines PC_SUM, a vector of PC_LANES sums, PC_TILE_ROWS, and
 * load_corrections, store_integers and scale_sums. */

static inline __attribute__((always_inline)) void sum_part(
    const pc_tile *tile, size_t part, PC_SUM (*sums)[2], const size_t rows, const size_t vectors) {
  const int32_t *correction = tile->integer_parts[part].correction + tile->first_column;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) sums[r][v] = load_corrections(correction + PC_LANES * v);
  const pc_segment *segment = tile->segments + part * tile->segments_per_part;
  for (size_t s = 0; s < tile->segments_per_part; s++)
    add_products(tile, segment + s, sums, rows, vectors);
}

/* Scales the sums of a part, and adds them to those of earlier parts where there are some. */
static inline __attribute__((always_inline)) void take_sums(
    const pc_tile *tile, size_t part, PC_SUM (*sums)[2], pc_tile_sums *result, const size_t rows,
    const size_t vectors) {
  const float scale = tile->integer_parts[part].scale;
#pragma clang loop unroll(full)
  for (size_t r = 0; r < rows; r++)
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++)
      scale_sums(sums[r][v], scale, part > 0, result->values[r] + PC_LANES * v);
}

/* Each part of the picture fills the accumulators anew, as its sums have a scale of their own. */
static inline __attribute__((always_inline)) int sum_parts(
    const pc_tile *tile, pc_tile_sums *result, const size_t rows, const size_t vectors) {
  PC_SUM sums[PC_TILE_ROWS][2];
  for (size_t part = 0; part < tile->part_count; part++) {
    sum_part(tile, part, sums, rows, vectors);
    if (tile->storage == PC_STORE_I32) {
      store_integers(tile, sums, rows, vectors);
      return 0;
    }
    take_sums(tile, part, sums, result, rows, vectors);
  }
  return 1;
}
