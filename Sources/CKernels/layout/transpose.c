#include "pc_layout.h"

/* Few rows that become pixels, and pixels that become few columns: one pixel after the other. */
#define PC_TRANSPOSE_FEW(type, few)                                                     \
  if (rows == few && y_pitch == few) {                                                  \
    for (size_t c = 0; c < columns; c++)                                                \
      for (size_t r = 0; r < few; r++)                                                  \
        ((type *)y)[c * few + r] = ((const type *)x)[r * x_pitch + c];                  \
    return;                                                                             \
  }                                                                                     \
  if (columns == few && x_pitch == few) {                                               \
    for (size_t r = 0; r < rows; r++)                                                   \
      for (size_t c = 0; c < few; c++)                                                  \
        ((type *)y)[c * y_pitch + r] = ((const type *)x)[r * few + c];                  \
    return;                                                                             \
  }

/* Works in square blocks so that both sides stay in the nearest cache. */
#define PC_TRANSPOSE(type)                                                              \
  PC_TRANSPOSE_FEW(type, 2)                                                             \
  PC_TRANSPOSE_FEW(type, 3)                                                             \
  for (size_t r0 = 0; r0 < rows; r0 += 32)                                              \
    for (size_t c0 = 0; c0 < columns; c0 += 32) {                                       \
      const size_t r1 = r0 + 32 < rows ? r0 + 32 : rows;                                \
      const size_t c1 = c0 + 32 < columns ? c0 + 32 : columns;                          \
      for (size_t r = r0; r < r1; r++)                                                  \
        for (size_t c = c0; c < c1; c++)                                                \
          ((type *)y)[c * y_pitch + r] = ((const type *)x)[r * x_pitch + c];            \
    }                                                                                   \
  return;

void pc_transpose(
    const void *restrict x, size_t x_pitch, void *restrict y, size_t y_pitch, size_t rows, size_t columns,
    size_t element_size) {
  switch (element_size) {
    case 1: PC_TRANSPOSE(uint8_t)
    case 2: PC_TRANSPOSE(uint16_t)
    case 4: PC_TRANSPOSE(uint32_t)
    case 8: PC_TRANSPOSE(uint64_t)
  }
}
