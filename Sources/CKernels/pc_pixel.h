#ifndef PC_PIXEL_H
#define PC_PIXEL_H

#include "pc_narrow.h"
#include "pc_tile.h"

/* `count` numbers times `scale`, rounded to what they are. */
static inline void pc_scale_pixel(
    pc_arithmetic arithmetic, uint8_t zero_point, const void *pixel, size_t count, float scale,
    void *scaled) {
#pragma STDC FP_CONTRACT OFF
  switch (arithmetic) {
    case PC_F32: {
      const float *x = pixel;
      float *y = scaled;
      for (size_t k = 0; k < count; k++) y[k] = x[k] * scale;
      return;
    }
    case PC_BF16: {
      const uint16_t *x = pixel;
      uint16_t *y = scaled;
      for (size_t k = 0; k < count; k++) y[k] = pc_bf16_stored(pc_bf16_value(x[k]) * scale);
      return;
    }
    case PC_U8S8: {
      const uint8_t *x = pixel;
      uint8_t *y = scaled;
      const int32_t zero = zero_point;
      for (size_t k = 0; k < count; k++)
        y[k] = pc_u8_rounded((float)((int32_t)x[k] - zero) * scale, zero);
      return;
    }
  }
}

#endif
