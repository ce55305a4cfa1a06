#include "../pc_narrow.h"
#include "pc_elementwise.h"

void pc_f32_to_bf16(const float *x, uint16_t *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = pc_bf16_stored(x[i]);
}

void pc_f32_to_u8(
    const float *x, uint8_t *y, size_t count, float reciprocal, int32_t zero_point) {
  for (size_t i = 0; i < count; i++) y[i] = pc_u8_stored(x[i], reciprocal, zero_point);
}

void pc_bf16_to_f32(const uint16_t *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = pc_bf16_value(x[i]);
}

void pc_u8_to_f32(const uint8_t *x, float *y, size_t count, float scale, int32_t zero_point) {
  for (size_t i = 0; i < count; i++) y[i] = (float)((int32_t)x[i] - zero_point) * scale;
}
