#if defined(__aarch64__)
#define LANES 4
#define MULTIPLY_ADD(x, w, sum) __builtin_elementwise_fma(x, w, sum)
#define PC_ROW_SYMBOL pc_f32_rows_4__neon
#include "row_lanes.h"
#endif
