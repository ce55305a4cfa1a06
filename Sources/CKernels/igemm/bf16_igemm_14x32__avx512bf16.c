#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "tile_sums.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma"))), \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* The instruction rounds after each of the two products of a word and takes denormals as zeros. */
#define PC_GROUP 2
#define PC_MULTIPLY_ADD(sum, x, w) _mm512_dpbf16_ps(sum, (__m512bh)(x), (__m512bh)(w))
#include "float_tile_14x32__avx512.h"

PC_UKERNEL_14X32(pc_bf16_igemm_ukernel_14x32__avx512bf16)

#pragma clang attribute pop
#endif
