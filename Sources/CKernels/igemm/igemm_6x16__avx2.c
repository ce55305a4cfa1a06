#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "tile_sums.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define PC_GROUP 1
#define PC_MULTIPLY_ADD(sum, x, w) \
  _mm256_fmadd_ps(_mm256_castsi256_ps(x), _mm256_castsi256_ps(w), sum)
#include "float_tile_nx16__avx2.h"

PC_UKERNEL_6X16(pc_f32_igemm_ukernel_6x16__avx2)

#pragma clang attribute pop
#endif
