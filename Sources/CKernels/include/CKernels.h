#ifndef PC_CKERNELS_H
#define PC_CKERNELS_H

#include "pc_convolution.h"
#include "pc_dispatch.h"
#include "pc_elementwise.h"
#include "pc_layout.h"
#include "pc_normalization.h"
#include "pc_pool.h"
#include "pc_rows.h"
#include "pc_tile.h"
#include "pc_transform.h"

#endif
