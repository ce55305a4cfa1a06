#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "row_layout.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#define MULTIPLY_ADD(x, w, sum) __builtin_elementwise_fma(x, w, sum)
#define PC_ROW_SYMBOL pc_f32_rows_8__avx2
#include "row_lanes.h"

#pragma clang attribute pop
#endif
