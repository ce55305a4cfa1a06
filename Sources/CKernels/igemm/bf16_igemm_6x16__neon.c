#if defined(__aarch64__)
#include <arm_neon.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma STDC FP_CONTRACT OFF

/* A bf16 number is the upper half of the f32 of the same value, so widening takes one shift. */
#define PC_NUMBER uint16_t

static inline float32x4_t load(const uint16_t *numbers) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(numbers), 16));
}

static inline float32x4_t load_one(const uint16_t *number) {
  return vreinterpretq_f32_u32(vshll_n_u16(vld1_dup_u16(number), 16));
}

#include "float_tile_6x16__neon.h"

PC_UKERNEL_6X16(pc_bf16_igemm_ukernel_6x16__neon)

#endif
