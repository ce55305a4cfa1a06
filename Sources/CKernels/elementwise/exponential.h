#ifndef PC_EXPONENTIAL_H
#define PC_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/* exp(x) in f32 within 2 units in the last place, in a form that compilers vectorise: x = n ln 2 +
 * r, exp(x) = 2^n p(r), where adding and subtracting 1.5 * 2^23 rounds to n. The power of two is
 * applied in two halves, so results go over to infinity and to denormals as they should. NaN stays
 * NaN. Coefficients: Cephes, expf.c. */
static inline float pc_exponential(float x) {
#pragma STDC FP_CONTRACT OFF
  const float rounder = 12582912.0f;
  const float limited = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  const float shifted = limited * 1.44269504088896341f + rounder;
  const float n = shifted - rounder;
  const float r = (limited - n * 0.693359375f) + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  int32_t whole;
  memcpy(&whole, &shifted, sizeof whole);
  whole -= 0x4B400000;
  const int32_t half = whole >> 1;
  const int32_t first_bits = (int32_t)((uint32_t)(half + 127) << 23);
  const int32_t second_bits = (int32_t)((uint32_t)(whole - half + 127) << 23);
  float first, second;
  memcpy(&first, &first_bits, sizeof first);
  memcpy(&second, &second_bits, sizeof second);
  return p * first * second;
}

#endif
