#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "../pc_narrow.h"
#include "pc_transform.h"

#pragma clang attribute push(                                                          \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma"))),            \
    apply_to = function)

#define PC_GROUP 1
#define PC_MULTIPLY_ADD(sum, x, w) \
  _mm512_fmadd_ps(_mm512_castsi512_ps(x), _mm512_castsi512_ps(w), sum)
#include "multiply_14x32__avx512.h"

#define PC_TRANSFORM_MULTIPLY multiply_windows
#define LANES 16
#define PC_LOAD_FEW(from, count) \
  (lanes)_mm512_maskz_loadu_ps((__mmask16)((1u << (count)) - 1), from)
#define PC_TRANSFORM_ISA "avx512"
#define PC_TRANSFORM_SYMBOL pc_f32_transform_16__avx512
#include "transform_lanes.h"

#pragma clang attribute pop
#endif
