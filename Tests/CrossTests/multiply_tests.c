#include <string.h>

#include "cross_tests.h"

/* Compares the products of windows with those of the matrix product of the same set, which other
 * tests compare with loops over doubles. Bits are the same. */

enum { MAX_WINDOWS = 31, MAX_DEPTH = 36, GAP = 6 };

static const pc_tile_kernel *kernels_of(pc_arithmetic arithmetic, size_t *count) {
  switch (arithmetic) {
    case PC_F32: return pc_igemm_kernels(count);
    case PC_BF16: return pc_bf16_igemm_kernels(count);
    case PC_U8S8: return pc_u8s8_igemm_kernels(count);
  }
  return NULL;
}

static const pc_tile_kernel *matrix_product(const pc_transform_kernel *row) {
  size_t count;
  const pc_tile_kernel *kernels = kernels_of(row->arithmetic, &count);
  for (size_t i = 0; i < count; i++)
    if (strcmp(kernels[i].isa, row->isa) == 0) return kernels + i;
  return NULL;
}

static void multiply_by_tiles(
    const pc_tile_kernel *kernel, const char *values, size_t pitch, size_t windows,
    const void *weights, size_t depth, const pc_transform_scales *scales, float *products) {
  const int has_scales = kernel->arithmetic == PC_U8S8;
  pc_segment segment = {.channels = depth};
  const pc_integer_part part = {1, scales->corrections};
  pc_tile tile = {
      .segments = &segment, .segment_count = 1, .part_count = 1, .segments_per_part = 1,
      .integer_parts = &part, .weights = weights, .total_depth = depth,
      .columns = kernel->columns, .output_stride = kernel->columns,
      .scale = has_scales ? scales->columns : NULL};
  for (size_t row = 0; row < windows; row += kernel->rows) {
    tile.rows = windows - row < kernel->rows ? windows - row : kernel->rows;
    tile.output = products + row * kernel->columns;
    tile.ratio = has_scales ? scales->windows + row : NULL;
    for (size_t r = 0; r < tile.rows; r++) segment.rows[r] = values + (row + r) * pitch;
    kernel->run(&tile);
  }
}

static pc_transform_scales random_scales(size_t windows, size_t columns) {
  int32_t *corrections = guarded(columns * sizeof *corrections);
  for (size_t c = 0; c < columns; c++) corrections[c] = (int32_t)pick(4096) - 2048;
  return (pc_transform_scales){corrections, random_floats(columns), random_floats(windows)};
}

void test_multiply(const pc_transform_kernel *row, report *r) {
  const pc_tile_kernel *kernel = matrix_product(row);
  check_that(r, kernel != NULL, "a set without a matrix product");
  if (!kernel || !row->multiply) return;
  const size_t size = pc_number_size(row->arithmetic);
  for (size_t windows = 1; windows <= MAX_WINDOWS; windows++)
    for (size_t depth = kernel->group; depth <= MAX_DEPTH; depth += kernel->group) {
      const size_t gap = GAP * kernel->group;
      const size_t pitch = (depth + gap) * size, count = windows * kernel->columns;
      const char *values = random_numbers(row->arithmetic, windows * (depth + gap) - gap);
      const char *weights = random_numbers(row->arithmetic, depth * kernel->columns);
      const pc_transform_scales scales = random_scales(windows, kernel->columns);
      float *products[2] = {guarded_floats(count), guarded_floats(count)};
      row->multiply(values, pitch, windows, values, weights, depth, &scales, products[0]);
      multiply_by_tiles(
          kernel, values, pitch, windows, weights, depth, &scales, products[1]);
      r->cases++;
      for (size_t i = 0; i < count; i++)
        check_that(r, memcmp(products[0] + i, products[1] + i, sizeof(float)) == 0, "multiply");
      release();
    }
}
