#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cross_tests.h"

enum { MAX_BLOCKS = 256 };

static struct {
  char *base;
  size_t size;
} blocks[MAX_BLOCKS];
static size_t block_count;

void *guarded(size_t bytes) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t whole = (bytes + page - 1) / page * page;
  char *base = mmap(
      NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED || mprotect(base + whole, page, PROT_NONE) != 0 ||
      block_count == MAX_BLOCKS) {
    fprintf(stderr, "no memory for a guarded block of %zu bytes\n", bytes);
    exit(2);
  }
  blocks[block_count].base = base;
  blocks[block_count++].size = whole + page;
  return base + whole - bytes;
}

float *guarded_floats(size_t count) { return guarded(count * sizeof(float)); }

float *random_floats(size_t count) {
  float *x = guarded_floats(count);
  for (size_t i = 0; i < count; i++) x[i] = uniform();
  return x;
}

void release(void) {
  while (block_count > 0) {
    block_count--;
    munmap(blocks[block_count].base, blocks[block_count].size);
  }
}
