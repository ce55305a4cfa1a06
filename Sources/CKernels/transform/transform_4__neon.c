#if defined(__aarch64__)
#define LANES 4
#define PC_TRANSFORM_ISA "neon"
#define PC_TRANSFORM_SYMBOL pc_f32_transform_4__neon
#include "transform_lanes.h"
#endif
