#ifndef PC_NARROW_H
#define PC_NARROW_H

#include <stdint.h>
#include <string.h>

/* Numbers of fewer bits than f32, one at a time, in forms that compilers vectorise. */

static inline float pc_bf16_value(uint16_t stored) {
  const uint32_t bits = (uint32_t)stored << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Rounded to nearest even; a NaN stays a NaN. */
static inline uint16_t pc_bf16_stored(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return (uint16_t)(value != value ? (bits >> 16 | 0x40) : rounded);
}

/* `value`, limited to -300...300 (-300 for NaN), rounded to even, plus `zero_point`, in 0...255.
 * The limit changes no result: adding and subtracting 1.5 * 2^23 rounds smaller values only. */
static inline uint8_t pc_u8_rounded(float value, int32_t zero_point) {
#pragma STDC FP_CONTRACT OFF
  const float rounder = 12582912.0f;
  const float above = value > -300 ? value : -300;
  const float limited = above < 300 ? above : 300;
  const int32_t place = (int32_t)((limited + rounder) - rounder) + zero_point;
  return (uint8_t)(place < 0 ? 0 : place > 255 ? 255 : place);
}

static inline uint8_t pc_u8_stored(float value, float reciprocal, int32_t zero_point) {
#pragma STDC FP_CONTRACT OFF
  return pc_u8_rounded(value * reciprocal, zero_point);
}

#endif
