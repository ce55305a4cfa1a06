#ifndef PC_CURVES_H
#define PC_CURVES_H

#include <math.h>

#include "exponential.h"

/* Sigmoid and tanh in f32, in forms that compilers vectorise and whose bits no instruction set
 * changes. */

static inline float pc_sigmoid(float x) {
#pragma STDC FP_CONTRACT OFF
  return 1 / (1 + pc_exponential(-x));
}

/* An odd polynomial near 0, where 1 - 2 / (exp(2x) + 1) would cancel. Coefficients: Cephes,
 * tanhf.c. */
static inline float pc_tanh(float x) {
#pragma STDC FP_CONTRACT OFF
  const float z = x * x;
  float p = -5.70498872745e-3f;
  p = p * z + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const float near = p * z * x + x;
  const float magnitude = fabsf(x);
  const float far = 1 - 2 / (pc_exponential(2 * magnitude) + 1);
  return magnitude < 0.625f ? near : copysignf(far, x);
}

#endif
