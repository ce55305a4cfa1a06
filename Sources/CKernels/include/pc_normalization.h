#ifndef PC_NORMALIZATION_H
#define PC_NORMALIZATION_H

#include <stddef.h>

/* sums[k] = the sum over pixels of x[k]; x is [pixels][channels]. */
void pc_f32_channel_sums(const float *x, size_t pixels, size_t channels, double *sums);

/* sums[k] = the sum over pixels of (x[k] - mean[k])^2. */
void pc_f32_channel_squares(
    const float *x, size_t pixels, size_t channels, const double *mean, double *sums);

/* scale[k] = gamma[k] / sqrt(variance[k] + epsilon). */
void pc_f32_normalization_scale(
    const float *gamma, const float *variance, float epsilon, float *scale, size_t channels);

/* y = (x - mean) * scale + shift, per channel. The output may be the input. */
void pc_f32_normalize(
    const float *x, float *y, size_t pixels, size_t channels, const float *mean,
    const float *scale, const float *shift);

#endif
