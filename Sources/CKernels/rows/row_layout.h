#ifndef PC_ROW_LAYOUT_H
#define PC_ROW_LAYOUT_H

#include "pc_rows.h"

/* The scratch memory of a row kernel, in floats.
 *
 * Rows under the window are staged as planes, one per channel, and those are cut into `stride`
 * phases, so that the pixels that one tap sees along a row lie side by side. As many rows as a
 * window spans are kept; place t of the bordered picture lies in row t % spanned. */
typedef struct {
  /* Output pixels of a row in whole vectors of any width. */
  size_t width;
  /* From one phase, one channel and one staged row to the next. */
  size_t phase;
  size_t channel;
  size_t row;
  size_t spanned;
  /* Where areas begin: a channel of the mask, the place of each tap in the staged rows, the sums of
   * taps of a stored row, what an output row takes of them, the finished output row. */
  size_t mask;
  size_t taps;
  size_t tap_row;
  size_t tap_sums;
  size_t results;
  size_t end;
} pc_row_layout;

pc_row_layout pc_lay_out_rows(const pc_row_convolution *task);

#endif
