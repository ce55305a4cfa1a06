#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "../pc_narrow.h"
#include "pc_transform.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma"))), \
    apply_to = function)

#define PC_GROUP 2
#define PC_MULTIPLY_ADD(sum, x, w) _mm512_dpbf16_ps(sum, (__m512bh)(x), (__m512bh)(w))
#include "multiply_14x32__avx512.h"

#define PC_TRANSFORM_MULTIPLY multiply_windows
#define LANES 16
#define PC_TRANSFORM_ISA "avx512bf16"
#define PC_TRANSFORM_SYMBOL pc_bf16_transform_16__avx512bf16
#define PC_TRANSFORM_BF16
/* Rounds denormals to zeros, which the products take them as anyway. */
#define PC_ROUND_BF16(x) (half_words)_mm512_cvtneps_pbh((__m512)(x))
#include "transform_lanes.h"

#pragma clang attribute pop
#endif
