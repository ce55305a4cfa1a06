#if defined(__aarch64__)
#define PC_CURVES_ISA "neon"
#define PC_CURVES_SYMBOL pc_f32_curves__neon
#include "curve_loops.h"
#endif
