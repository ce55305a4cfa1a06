#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "pc_elementwise.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define PC_CURVES_ISA "avx2"
#define PC_CURVES_SYMBOL pc_f32_curves__avx2
#include "curve_loops.h"

#pragma clang attribute pop
#endif
