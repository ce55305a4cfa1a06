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
