#define PC_CURVES_ISA "scalar"
#define PC_CURVES_SYMBOL pc_f32_curves__scalar
#include "curve_loops.h"
