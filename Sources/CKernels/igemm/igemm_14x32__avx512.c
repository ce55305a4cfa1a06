#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "tile_sums.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))),            \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define PC_GROUP 1
#define PC_MULTIPLY_ADD(sum, x, w) \
  _mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(w), sum)
#include "float_tile_14x32__avx512.h"

PC_UKERNEL_14X32(pc_f32_igemm_ukernel_14x32__avx512)

#pragma clang attribute pop
#endif
