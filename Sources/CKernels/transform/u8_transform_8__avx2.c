#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "../pc_narrow.h"
#include "pc_transform.h"

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define LANES 8
#define PC_TRANSFORM_ISA "avx2"
#define PC_TRANSFORM_SYMBOL pc_u8_transform_8__avx2
#define PC_TRANSFORM_U8
#include "transform_lanes.h"

#pragma clang attribute pop
#endif
