#include "pc_layout.h"

/* Works in square blocks so that both sides stay in the nearest cache. */
#define PC_TRANSPOSE(type)                                                              \
  for (size_t r0 = 0; r0 < rows; r0 += 32)                                              \
    for (size_t c0 = 0; c0 < columns; c0 += 32) {                                       \
      const size_t r1 = r0 + 32 < rows ? r0 + 32 : rows;                                \
      const size_t c1 = c0 + 32 < columns ? c0 + 32 : columns;                          \
      for (size_t r = r0; r < r1; r++)                                                  \
        for (size_t c = c0; c < c1; c++)                                                \
          ((type *)y)[c * rows + r] = ((const type *)x)[r * columns + c];               \
    }

void pc_transpose(
    const void *x, void *y, size_t rows, size_t columns, size_t element_size) {
  switch (element_size) {
    case 1: PC_TRANSPOSE(uint8_t) return;
    case 2: PC_TRANSPOSE(uint16_t) return;
    case 4: PC_TRANSPOSE(uint32_t) return;
    case 8: PC_TRANSPOSE(uint64_t) return;
  }
}
