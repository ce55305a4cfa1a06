#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "../pc_narrow.h"
#include "pc_transform.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,avx2,fma"))), \
    apply_to = function)

#define PC_GROUP 4
#define PC_INTEGER_SUMS
#define PC_MULTIPLY_ADD(sum, x, w) _mm512_dpbusd_epi32(sum, x, w)
#include "multiply_14x32__avx512.h"

#define PC_TRANSFORM_MULTIPLY multiply_windows
#define LANES 16
#define PC_TRANSFORM_ISA "avx512vnni"
#define PC_TRANSFORM_SYMBOL pc_u8_transform_16__avx512vnni
#define PC_TRANSFORM_U8
#include "transform_lanes.h"

#pragma clang attribute pop
#endif
