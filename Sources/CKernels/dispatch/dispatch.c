#include "pc_dispatch.h"

#include <string.h>

int pc_isa_is_supported(const char *isa) {
  if (strcmp(isa, "scalar") == 0) return 1;
#if defined(__x86_64__)
  /* The compiler's probe reads XCR0 too, so a set whose registers the system does not save is
   * reported as missing. */
  if (strcmp(isa, "avx2") == 0)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const int has_avx512 =
      __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
  if (strcmp(isa, "avx512") == 0) return has_avx512;
  if (strcmp(isa, "avx512bf16") == 0) return has_avx512 && __builtin_cpu_supports("avx512bf16");
  if (strcmp(isa, "avx512vnni") == 0) return has_avx512 && __builtin_cpu_supports("avx512vnni");
#elif defined(__aarch64__)
  if (strcmp(isa, "neon") == 0) return 1;
#endif
  return 0;
}

#define PC_TILE_KERNEL(isa, symbol, arithmetic, rows, columns, group, order) \
  {#isa, #symbol, symbol, arithmetic, rows, columns, group, order},
static const pc_tile_kernel igemm_kernels[] = {
#include "igemm.inc"
};
static const pc_tile_kernel bf16_igemm_kernels[] = {
#include "bf16_igemm.inc"
};
static const pc_tile_kernel u8s8_igemm_kernels[] = {
#include "u8s8_igemm.inc"
};
static const pc_tile_kernel dot_kernels[] = {
#include "dot.inc"
};
#undef PC_TILE_KERNEL

#define PC_FAMILY(name)                                      \
  const pc_tile_kernel *pc_##name##_kernels(size_t *count) { \
    *count = sizeof name##_kernels / sizeof *name##_kernels; \
    return name##_kernels;                                   \
  }
PC_FAMILY(igemm)
PC_FAMILY(bf16_igemm)
PC_FAMILY(u8s8_igemm)
PC_FAMILY(dot)

void pc_pause(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

void pc_store_fence(void) {
#if defined(__x86_64__)
  __builtin_ia32_sfence();
#elif defined(__aarch64__)
  __asm__ volatile("dmb ishst" ::: "memory");
#endif
}
