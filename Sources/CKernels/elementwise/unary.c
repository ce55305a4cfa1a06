#include <math.h>

#include "exponential.h"
#include "pc_elementwise.h"

#pragma STDC FP_CONTRACT OFF

void pc_f32_relu(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

void pc_f32_leaky_relu(const float *x, float *y, size_t count, float slope) {
  for (size_t i = 0; i < count; i++) y[i] = x[i] < 0 ? slope * x[i] : x[i];
}

void pc_f32_clip(const float *x, float *y, size_t count, float minimum, float maximum) {
  for (size_t i = 0; i < count; i++) {
    const float value = x[i];
    y[i] = value < minimum ? minimum : value > maximum ? maximum : value;
  }
}

void pc_f32_exponential(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = pc_exponential(x[i]);
}

void pc_f32_sigmoid(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = 1 / (1 + pc_exponential(-x[i]));
}

/* An odd polynomial near 0, where 1 - 2 / (exp(2x) + 1) would cancel. Coefficients: Cephes,
 * tanhf.c. */
void pc_f32_tanh(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const float value = x[i];
    const float z = value * value;
    float p = -5.70498872745e-3f;
    p = p * z + 2.06390887954e-2f;
    p = p * z - 5.37397155531e-2f;
    p = p * z + 1.33314422036e-1f;
    p = p * z - 3.33332819422e-1f;
    const float near = p * z * value + value;
    const float magnitude = fabsf(value);
    const float far = 1 - 2 / (pc_exponential(2 * magnitude) + 1);
    y[i] = magnitude < 0.625f ? near : copysignf(far, value);
  }
}
