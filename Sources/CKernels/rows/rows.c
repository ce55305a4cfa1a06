#include "row_layout.h"

#define PC_ROW_KERNEL(isa, symbol) {#isa, #symbol, symbol},
static const pc_row_kernel kernels[] = {
#include "rows.inc"
};
#undef PC_ROW_KERNEL

const pc_row_kernel *pc_row_kernels(size_t *count) {
  *count = sizeof kernels / sizeof *kernels;
  return kernels;
}

enum { WIDEST_VECTOR = 16 };

static size_t in_vectors(size_t count) {
  return (count + WIDEST_VECTOR - 1) / WIDEST_VECTOR * WIDEST_VECTOR;
}

pc_row_layout pc_lay_out_rows(const pc_row_convolution *task) {
  const pc_convolution *c = task->convolution;
  const size_t spread = (c->kernel[1] - 1) * c->dilation[1];
  size_t channels = 0;
  for (size_t p = 0; p < c->part_count; p++) channels += c->parts[p].channels;
  pc_row_layout l = {.width = in_vectors(c->width)};
  l.phase = in_vectors(l.width + spread / c->stride[1] + 1);
  l.channel = c->stride[1] * l.phase;
  l.row = channels * l.channel;
  l.spanned = (c->kernel[0] - 1) * c->dilation[0] + 1;
  l.mask = l.spanned * l.row;
  l.taps = l.mask + l.channel;
  l.tap_row =
      l.taps + in_vectors(c->kernel[0] * c->kernel[1] * sizeof(size_t) / sizeof(float));
  l.tap_sums = l.tap_row;
  if (task->tap_sums) l.tap_sums += in_vectors((task->tap_sums->width + 2) * 3 * c->outputs);
  l.results = l.tap_sums + (task->tap_sums ? c->outputs * l.width : 0);
  l.end = l.results + c->outputs * l.width;
  return l;
}

size_t pc_row_scratch_size(const pc_row_convolution *task) {
  return pc_lay_out_rows(task).end * sizeof(float);
}
