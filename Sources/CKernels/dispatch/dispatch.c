#include "pc_dispatch.h"

#include <string.h>

int pc_isa_is_supported(const char *isa) {
  if (strcmp(isa, "scalar") == 0) return 1;
#if defined(__x86_64__)
  /* The compiler's probe reads XCR0 too, so a set whose registers the system does not save is
   * reported as missing. */
  if (strcmp(isa, "avx2") == 0)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (strcmp(isa, "avx512") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#endif
  return 0;
}

#define PC_TILE_KERNEL(isa, symbol, rows, columns, order) \
  {#isa, #symbol, symbol, rows, columns, order},
static const pc_tile_kernel igemm_kernels[] = {
#include "igemm.inc"
};
static const pc_tile_kernel dot_kernels[] = {
#include "dot.inc"
};
#undef PC_TILE_KERNEL

const pc_tile_kernel *pc_igemm_kernels(size_t *count) {
  *count = sizeof igemm_kernels / sizeof *igemm_kernels;
  return igemm_kernels;
}

const pc_tile_kernel *pc_dot_kernels(size_t *count) {
  *count = sizeof dot_kernels / sizeof *dot_kernels;
  return dot_kernels;
}

void pc_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}
