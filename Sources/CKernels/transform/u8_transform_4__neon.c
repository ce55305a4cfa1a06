#if defined(__aarch64__)
#define LANES 4
#define PC_TRANSFORM_ISA "neon"
#define PC_TRANSFORM_SYMBOL pc_u8_transform_4__neon
#define PC_TRANSFORM_U8
#include "transform_lanes.h"
#endif
