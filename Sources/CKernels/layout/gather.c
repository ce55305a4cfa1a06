#include <string.h>

#include "../pc_pixel.h"
#include "pc_layout.h"

/* A few bytes at once where a pixel is no larger. */
static void copy_bytes(char *y, const char *x, size_t count) {
  switch (count) {
    case 1: *y = *x; return;
    case 3: memcpy(y, x, 3); return;
    case 4: memcpy(y, x, 4); return;
    case 6: memcpy(y, x, 6); return;
    case 8: memcpy(y, x, 8); return;
    case 12: memcpy(y, x, 12); return;
    default: memcpy(y, x, count);
  }
}

static void copy_pixel(const pc_gather *g, size_t source, size_t size, char *y) {
  const char *x = (const char *)g->x + source * g->x_stride * size;
  const float mask = g->mask ? g->mask[source] : 1;
  if (mask == 1) copy_bytes(y, x, g->channels * size);
  else if (mask == 0) memset(y, g->zero_point, g->channels * size);
  else pc_scale_pixel(g->arithmetic, g->zero_point, x, g->channels, mask, y);
}

void pc_gather_pixels(const pc_gather *gather, size_t first, size_t count) {
  const pc_gather *g = gather;
  const size_t size = pc_number_size(g->arithmetic);
  for (size_t row = first; row < first + count; row++) {
    char *y = (char *)g->y + row * g->y_width * g->y_stride * size;
    for (size_t column = 0; column < g->y_width; column++, y += g->y_stride * size) {
      if (g->rows[row] < 0 || g->columns[column] < 0)
        memset(y, g->zero_point, g->channels * size);
      else
        copy_pixel(g, (size_t)g->rows[row] * g->x_width + (size_t)g->columns[column], size, y);
      if (g->padding) memset(y + g->channels * size, 0, g->padding * size);
    }
  }
}

void pc_f32_expand(const float *x, float *y, size_t count, size_t channels) {
  for (size_t i = 0; i < count; i++, y += channels)
    for (size_t k = 0; k < channels; k++) y[k] = x[i];
}
