/* Vectors of 4, which every processor has or compilers take apart. */
#define LANES 4
#define MULTIPLY_ADD(x, w, sum) ((sum) + (x) * (w))
#define PC_ROW_SYMBOL pc_f32_rows_4__scalar
#include "row_lanes.h"
