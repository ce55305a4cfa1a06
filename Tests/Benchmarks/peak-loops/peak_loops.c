#include "peak_loops.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>

/* 24 chains hide the latency of any of these instructions; the empty assembly keeps each result. */
#define PEAK_LOOP(name, isa, vector, zero, instruction)                         \
  __attribute__((target(isa))) static void name(size_t rounds) {                \
    vector sums[24];                                                            \
    vector x = zero, w = zero;                                                  \
    __asm__ volatile("" : "+v"(x), "+v"(w));                                    \
    _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 24; i++) sums[i] = zero; \
    for (size_t round = 0; round < rounds; round++) {                           \
      _Pragma("clang loop unroll(full)") for (size_t i = 0; i < 24; i++) {      \
        sums[i] = instruction;                                                  \
        __asm__ volatile("" : "+v"(sums[i]));                                   \
      }                                                                         \
    }                                                                           \
  }

PEAK_LOOP(
    avx512, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(x, w, sums[i]))
PEAK_LOOP(
    avx512bf16, "avx512f,avx512bf16", __m512, _mm512_setzero_ps(),
    _mm512_dpbf16_ps(sums[i], (__m512bh)x, (__m512bh)w))
PEAK_LOOP(
    avx512vnni, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(),
    _mm512_dpbusd_epi32(sums[i], x, w))

/* 16 registers hold 12 chains and their operands. */
__attribute__((target("avx2,fma"))) static void avx2(size_t rounds) {
  __m256 sums[12];
  __m256 x = _mm256_setzero_ps(), w = x;
  __asm__ volatile("" : "+x"(x), "+x"(w));
#pragma clang loop unroll(full)
  for (size_t i = 0; i < 12; i++) sums[i] = x;
  for (size_t round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (size_t i = 0; i < 12; i++) {
      sums[i] = _mm256_fmadd_ps(x, w, sums[i]);
      __asm__ volatile("" : "+x"(sums[i]));
    }
  }
}
#endif

size_t peak_loop_run(const char *isa, size_t rounds) {
#if defined(__x86_64__)
  static const struct {
    const char *isa;
    void (*run)(size_t rounds);
    size_t products;
  } loops[] = {
      {"avx512", avx512, 24 * 16},
      {"avx512bf16", avx512bf16, 24 * 32},
      {"avx512vnni", avx512vnni, 24 * 64},
      {"avx2", avx2, 12 * 8},
  };
  for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
    if (strcmp(isa, loops[i].isa) == 0) {
      loops[i].run(rounds);
      return rounds * loops[i].products;
    }
#endif
  (void)isa;
  (void)rounds;
  return 0;
}
