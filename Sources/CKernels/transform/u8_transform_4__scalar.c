/* Vectors of 4, which every processor has or compilers take apart. */
#define LANES 4
#define PC_TRANSFORM_ISA "scalar"
#define PC_TRANSFORM_SYMBOL pc_u8_transform_4__scalar
#define PC_TRANSFORM_U8
#include "transform_lanes.h"
