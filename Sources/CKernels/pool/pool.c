#include "pc_pool.h"

#include <math.h>

typedef struct {
  size_t first;
  size_t end;
} span;

static span cells(const pc_pool *p, size_t position, int axis) {
  const ptrdiff_t start =
      (ptrdiff_t)(position * p->stride[axis]) - (ptrdiff_t)p->padding[axis];
  const ptrdiff_t end = start + (ptrdiff_t)p->kernel[axis];
  const ptrdiff_t limit = (ptrdiff_t)p->input[axis];
  span result = {start > 0 ? (size_t)start : 0, end < limit ? (size_t)end : p->input[axis]};
  return result;
}

static void accumulate(const pc_pool *p, const float *x, float *y) {
  if (p->is_maximum)
    for (size_t k = 0; k < p->channels; k++) y[k] = x[k] > y[k] || x[k] != x[k] ? x[k] : y[k];
  else
    for (size_t k = 0; k < p->channels; k++) y[k] += x[k];
}

void pc_f32_pool(const pc_pool *pool, size_t first, size_t count) {
  const pc_pool *p = pool;
  for (size_t line = first; line < first + count; line++) {
    const span rows = cells(p, line % p->output[0], 0);
    const float *image =
        p->x + line / p->output[0] * p->input[0] * p->input[1] * p->channels;
    for (size_t column = 0; column < p->output[1]; column++) {
      const span columns = cells(p, column, 1);
      float *y = p->y + (line * p->output[1] + column) * p->channels;
      for (size_t k = 0; k < p->channels; k++) y[k] = p->is_maximum ? -INFINITY : 0;
      for (size_t row = rows.first; row < rows.end; row++)
        for (size_t z = columns.first; z < columns.end; z++)
          accumulate(p, image + (row * p->input[1] + z) * p->channels, y);
      if (p->is_maximum) continue;
      const size_t cells_counted = p->counts_border
                                       ? p->kernel[0] * p->kernel[1]
                                       : (rows.end - rows.first) * (columns.end - columns.first);
      for (size_t k = 0; k < p->channels; k++) y[k] /= (float)cells_counted;
    }
  }
}
