#include "cross_tests.h"

static uint64_t state;

void seed(uint64_t value) { state = value; }

static uint32_t random_bits(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

size_t pick(size_t count) { return random_bits() % count; }

float uniform(void) { return (float)(int32_t)(random_bits() - 0x40000000) * 0x1p-30f; }
