#include <string.h>

#include "cross_tests.h"

/* Compares the products of windows with those of the matrix product of the same set, which other
 * tests compare with loops over doubles. Bits are the same. */

enum { MAX_WINDOWS = 31, MAX_DEPTH = 36, GAP = 6 };

static const pc_tile_kernel *matrix_product(const pc_transform_kernel *row) {
  size_t count;
  const pc_tile_kernel *kernels =
      row->arithmetic == PC_BF16 ? pc_bf16_igemm_kernels(&count) : pc_igemm_kernels(&count);
  for (size_t i = 0; i < count; i++)
    if (strcmp(kernels[i].isa, row->isa) == 0) return kernels + i;
  return NULL;
}

static void multiply_by_tiles(
    const pc_tile_kernel *kernel, const char *values, size_t pitch, size_t windows,
    const void *weights, size_t depth, float *products) {
  pc_segment segment = {.channels = depth};
  pc_tile tile = {
      .segments = &segment, .segment_count = 1, .weights = weights, .total_depth = depth,
      .columns = kernel->columns, .output_stride = kernel->columns};
  for (size_t row = 0; row < windows; row += kernel->rows) {
    tile.rows = windows - row < kernel->rows ? windows - row : kernel->rows;
    tile.output = products + row * kernel->columns;
    for (size_t r = 0; r < tile.rows; r++) segment.rows[r] = values + (row + r) * pitch;
    kernel->run(&tile);
  }
}

void test_multiply(const pc_transform_kernel *row, report *r) {
  const pc_tile_kernel *kernel = matrix_product(row);
  check_that(r, kernel != NULL, "a set without a matrix product");
  if (!kernel || !row->multiply) return;
  const size_t size = pc_number_size(row->arithmetic);
  for (size_t windows = 1; windows <= MAX_WINDOWS; windows++)
    for (size_t depth = kernel->group; depth <= MAX_DEPTH; depth += kernel->group) {
      const size_t pitch = (depth + GAP) * size, count = windows * kernel->columns;
      const char *values = random_numbers(row->arithmetic, windows * (depth + GAP) - GAP);
      const char *weights = random_numbers(row->arithmetic, depth * kernel->columns);
      float *products[2] = {guarded_floats(count), guarded_floats(count)};
      row->multiply(values, pitch, windows, values, weights, depth, products[0]);
      multiply_by_tiles(kernel, values, pitch, windows, weights, depth, products[1]);
      r->cases++;
      for (size_t i = 0; i < count; i++)
        check_that(r, memcmp(products[0] + i, products[1] + i, sizeof(float)) == 0, "multiply");
      release();
    }
}
