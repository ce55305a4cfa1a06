#include "pc_normalization.h"

#include <math.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

void pc_f32_channel_sums(const float *x, size_t pixels, size_t channels, double *sums) {
  memset(sums, 0, channels * sizeof *sums);
  for (size_t i = 0; i < pixels; i++, x += channels)
    for (size_t k = 0; k < channels; k++) sums[k] += (double)x[k];
}

void pc_f32_channel_squares(
    const float *x, size_t pixels, size_t channels, const double *mean, double *sums) {
  memset(sums, 0, channels * sizeof *sums);
  for (size_t i = 0; i < pixels; i++, x += channels)
    for (size_t k = 0; k < channels; k++) {
      const double difference = (double)x[k] - mean[k];
      sums[k] += difference * difference;
    }
}

void pc_f32_normalization_scale(
    const float *gamma, const float *variance, float epsilon, float *scale, size_t channels) {
  for (size_t k = 0; k < channels; k++) scale[k] = gamma[k] / sqrtf(variance[k] + epsilon);
}

void pc_f32_normalize(
    const float *x, float *y, size_t pixels, size_t channels, const float *mean,
    const float *scale, const float *shift) {
  for (size_t i = 0; i < pixels; i++, x += channels, y += channels)
    for (size_t k = 0; k < channels; k++) y[k] = (x[k] - mean[k]) * scale[k] + shift[k];
}
