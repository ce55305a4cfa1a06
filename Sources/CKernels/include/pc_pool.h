#ifndef PC_POOL_H
#define PC_POOL_H

#include <stddef.h>

/* Maximum or mean over windows; pictures are [image][row][column][channel]. A border cell never
 * wins a maximum; `counts_border` says whether a mean counts it. */
typedef struct {
  const float *x;
  float *y;
  size_t channels;
  size_t input[2];
  size_t output[2];
  size_t kernel[2];
  size_t stride[2];
  size_t padding[2];
  int is_maximum;
  int counts_border;
} pc_pool;

/* Computes the output rows `first..<first + count`, counted through all images. */
void pc_f32_pool(const pc_pool *pool, size_t first, size_t count);

#endif
