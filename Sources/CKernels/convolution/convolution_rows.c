#include <string.h>

#include "pc_convolution.h"

/* The output columns whose tap lies inside the input row: column * stride + shift in 0..<width. */
static void inside(
    ptrdiff_t shift, size_t stride, size_t input, size_t output, size_t *first, size_t *end) {
  const ptrdiff_t step = (ptrdiff_t)stride;
  const ptrdiff_t from = shift < 0 ? (-shift + step - 1) / step : 0;
  const ptrdiff_t room = (ptrdiff_t)input - shift;
  const ptrdiff_t to = room > 0 ? (room + step - 1) / step : 0;
  *end = to < (ptrdiff_t)output ? (size_t)to : output;
  *first = from < (ptrdiff_t)*end ? (size_t)from : *end;
}

void pc_convolution_rows_run(
    const pc_convolution *convolution, const float *weights, size_t first, size_t count) {
  const pc_convolution *c = convolution;
  const pc_picture *x = c->parts;
  for (size_t line = first; line < first + count; line++) {
    float *y = (float *)c->output + line * c->width;
    memset(y, 0, c->width * sizeof *y);
    for (size_t u = 0; u < c->kernel[0]; u++) {
      const ptrdiff_t row = (ptrdiff_t)(line % c->height * c->stride[0] + u * c->dilation[0]) -
                            (ptrdiff_t)c->padding[0];
      if (row < 0 || row >= (ptrdiff_t)x->height) continue;
      const size_t source_row = line / c->height * x->height + (size_t)row;
      const float *source = (const float *)x->pixels + source_row * x->width * x->channels;
      for (size_t v = 0; v < c->kernel[1]; v++) {
        const ptrdiff_t shift = (ptrdiff_t)(v * c->dilation[1]) - (ptrdiff_t)c->padding[1];
        size_t from, to;
        inside(shift, c->stride[1], x->width, c->width, &from, &to);
        const size_t step = c->stride[1] * x->channels;
        for (size_t k = 0; k < x->channels; k++) {
          const float w = weights[(u * c->kernel[1] + v) * x->channels + k];
          const float *tap = source + shift * (ptrdiff_t)x->channels + k;
          if (step == 1)
            for (size_t j = from; j < to; j++) y[j] += w * tap[j];
          else
            for (size_t j = from; j < to; j++) y[j] += w * tap[j * step];
        }
      }
    }
  }
}
