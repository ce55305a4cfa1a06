#if defined(__aarch64__)
#include <arm_neon.h>

#include "../pc_epilogue.h"
#include "pc_tile.h"

#pragma STDC FP_CONTRACT OFF

#define PC_NUMBER float

static inline float32x4_t load(const float *numbers) { return vld1q_f32(numbers); }

static inline float32x4_t load_one(const float *number) { return vld1q_dup_f32(number); }

#include "float_tile_6x16__neon.h"

PC_UKERNEL_6X16(pc_f32_igemm_ukernel_6x16__neon)

#endif
