#include "pc_elementwise.h"

#pragma STDC FP_CONTRACT OFF

/* One loop per pattern of steps, so that each vectorises. */
#define PC_ROW(expression)                                                     \
  if (a_step && b_step)                                                        \
    for (size_t i = 0; i < count; i++) {                                       \
      const float p = a[i], q = b[i];                                          \
      y[i] = expression;                                                       \
    }                                                                          \
  else if (a_step) {                                                           \
    const float q = *b;                                                        \
    for (size_t i = 0; i < count; i++) {                                       \
      const float p = a[i];                                                    \
      y[i] = expression;                                                       \
    }                                                                          \
  } else {                                                                     \
    const float p = *a;                                                        \
    for (size_t i = 0; i < count; i++) {                                       \
      const float q = b[b_step * i];                                           \
      y[i] = expression;                                                       \
    }                                                                          \
  }                                                                            \
  return;

void pc_f32_binary(
    pc_binary operation, const float *a, size_t a_step, const float *b, size_t b_step, float *y,
    size_t count) {
  switch (operation) {
    case PC_BINARY_ADD: PC_ROW(p + q)
    case PC_BINARY_SUBTRACT: PC_ROW(p - q)
    case PC_BINARY_MULTIPLY: PC_ROW(p * q)
    case PC_BINARY_DIVIDE: PC_ROW(p / q)
  }
}

void pc_f32_equal(
    const float *a, size_t a_step, const float *b, size_t b_step, uint8_t *y, size_t count) {
  PC_ROW(p == q)
}

void pc_f32_select(
    const uint8_t *condition, size_t condition_step, const float *a, size_t a_step,
    const float *b, size_t b_step, float *y, size_t count) {
  for (size_t i = 0; i < count; i++)
    y[i] = condition[i * condition_step] ? a[i * a_step] : b[i * b_step];
}
