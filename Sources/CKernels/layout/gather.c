#include <string.h>

#include "pc_layout.h"

static void copy_pixel(const pc_gather *g, size_t source, float *y) {
  const float *x = g->x + source * g->x_stride;
  const float mask = g->mask ? g->mask[source] : 1;
  if (mask == 1)
    for (size_t k = 0; k < g->channels; k++) y[k] = x[k];
  else if (mask == 0)
    for (size_t k = 0; k < g->channels; k++) y[k] = 0;
  else
    for (size_t k = 0; k < g->channels; k++) y[k] = x[k] * mask;
}

void pc_f32_gather(const pc_gather *gather, size_t first, size_t count) {
  const pc_gather *g = gather;
  for (size_t row = first; row < first + count; row++) {
    float *y = g->y + row * g->y_width * g->y_stride;
    for (size_t column = 0; column < g->y_width; column++, y += g->y_stride) {
      if (g->rows[row] < 0 || g->columns[column] < 0)
        for (size_t k = 0; k < g->channels; k++) y[k] = 0;
      else
        copy_pixel(g, (size_t)g->rows[row] * g->x_width + (size_t)g->columns[column], y);
    }
  }
}

void pc_f32_expand(const float *x, float *y, size_t count, size_t channels) {
  for (size_t i = 0; i < count; i++, y += channels)
    for (size_t k = 0; k < channels; k++) y[k] = x[i];
}
