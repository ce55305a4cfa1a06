#if defined(__x86_64__)
#include <immintrin.h>

#include "../pc_epilogue.h"
#include "tile_sums.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

/* A bf16 number is the upper half of the f32 of the same value. */
static inline __attribute__((always_inline)) __m256 first(__m256i pair) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(pair, 16));
}

static inline __attribute__((always_inline)) __m256 second(__m256i pair) {
  return _mm256_castsi256_ps(_mm256_and_si256(pair, _mm256_set1_epi32((int)0xFFFF0000)));
}

#define PC_GROUP 2
#define PC_MULTIPLY_ADD(sum, x, w) \
  _mm256_fmadd_ps(second(x), second(w), _mm256_fmadd_ps(first(x), first(w), sum))
#include "float_tile_nx16__avx2.h"

PC_UKERNEL_4X16(pc_bf16_igemm_ukernel_4x16__avx2)

#pragma clang attribute pop
#endif
