#include <string.h>

#include "pc_elementwise.h"

#define PC_CURVE_KERNEL(symbol) &symbol,
static const pc_curve_kernel *const kernels[] = {
#include "curves.inc"
};
#undef PC_CURVE_KERNEL

const pc_curve_kernel *const *pc_curve_kernels(size_t *count) {
  *count = sizeof kernels / sizeof *kernels;
  return kernels;
}

const pc_curve_kernel *pc_curves_of(const char *isa) {
  size_t i = 0;
  while (i + 1 < sizeof kernels / sizeof *kernels &&
         strncmp(isa, kernels[i]->isa, strlen(kernels[i]->isa)) != 0)
    i++;
  return kernels[i];
}
