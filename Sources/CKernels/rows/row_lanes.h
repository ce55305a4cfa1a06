/* Convolutions by rows for one width of vectors: a file per instruction set defines LANES,
 * MULTIPLY_ADD and PC_ROW_SYMBOL and includes this.
 *
 * The rows under a window are staged once each as planes of f32 with masks, borders and upsampling
 * applied, so a tap is one load for LANES pixels, which meets a broadcast weight per output
 * channel. Sums of integers below 2^24 are exact in f32. Every pixel takes the same operations in
 * the same order wherever it lies. */

#include <stdbool.h>
#include <string.h>

#include "../elementwise/curves.h"
#include "../pc_narrow.h"
#include "row_layout.h"

#pragma STDC FP_CONTRACT OFF

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("clang loop unroll(full)")

typedef float lanes __attribute__((ext_vector_type(LANES)));
typedef int32_t words __attribute__((ext_vector_type(LANES)));
typedef uint16_t half_words __attribute__((ext_vector_type(LANES)));
typedef uint8_t bytes __attribute__((ext_vector_type(LANES)));

INLINE lanes load(const float *from) {
  lanes x;
  memcpy(&x, from, sizeof x);
  return x;
}

INLINE lanes load_some(const float *from, size_t count) {
  if (count >= LANES) return load(from);
  lanes x = 0;
  for (size_t i = 0; i < count; i++) x[i] = from[i];
  return x;
}

#include "row_staging.h"
#include "row_taps.h"

/* A call of the kernel. */
typedef struct {
  const pc_row_convolution *task;
  const pc_convolution *convolution;
  pc_row_layout layout;
  float *scratch;
  /* The place of each tap in the staged rows. */
  size_t *taps;
} row_run;

/* Adds the products of one part to `sums`, of `vectors` vectors of pixels from `x`. */
INLINE void add_products(
    const row_run *run, const float *x, size_t channels, const float *weights,
    lanes (*sums)[8], const size_t outputs, const size_t vectors) {
  const size_t taps = run->convolution->kernel[0] * run->convolution->kernel[1];
  for (size_t k = 0; k < channels; k++, x += run->layout.channel)
    for (size_t tap = 0; tap < taps; tap++, weights += outputs) {
      const float *pixels = x + run->taps[tap];
      lanes values[8];
      UNROLL for (size_t i = 0; i < vectors; i++) values[i] = load(pixels + LANES * i);
      UNROLL for (size_t o = 0; o < outputs; o++) {
        const lanes weight = (lanes)weights[o];
        UNROLL for (size_t i = 0; i < vectors; i++)
          sums[o][i] = MULTIPLY_ADD(values[i], weight, sums[o][i]);
      }
    }
}

/* Scaled integer sums come one after the other; others are one sum. */
INLINE lanes plus_part(const pc_row_convolution *task, size_t part, lanes total, lanes sum) {
  if (task->arithmetic != PC_U8S8) return sum;
  const lanes term = sum * task->convolution->integer_parts[part].scale;
  return part ? total + term : term;
}

INLINE lanes plus_tap_sums(const pc_row_convolution *task, lanes total, const float *sums) {
  if (task->arithmetic != PC_U8S8) return total + load(sums);
  words integers;
  memcpy(&integers, sums, sizeof integers);
  const lanes term =
      __builtin_convertvector(integers, lanes) * task->convolution->addend_scale;
  return task->convolution->part_count ? total + term : term;
}

/* What follows the sums of `count` pixels of channel `o` but for sigmoid and tanh. */
INLINE lanes finish(
    const pc_convolution *c, size_t o, size_t pixel, size_t count, lanes y) {
  if (c->scale) y *= c->scale[o];
  if (c->ratio) y *= load_some(c->ratio + pixel, count);
  for (size_t j = 0; j < c->bias_count; j++) {
    lanes term = c->biases[j].vector[o];
    if (c->biases[j].plane) term *= load_some(c->biases[j].plane + pixel, count);
    y += term;
  }
  if (c->activation != PC_ACTIVATION_RELU && c->activation != PC_ACTIVATION_LEAKY_RELU) return y;
  const lanes below = c->activation == PC_ACTIVATION_RELU ? (lanes)0 : y * c->slope;
  const words is_below = y < 0;
  return (lanes)(((words)below & is_below) | ((words)y & ~is_below));
}

/* The results of `vectors` vectors of pixels from column `first`; `pixel` is that of the row's
 * first. */
INLINE void compute(
    const row_run *run, size_t pixel, size_t first, const size_t outputs, const size_t vectors) {
  const pc_convolution *c = run->convolution;
  const pc_row_layout *l = &run->layout;
  const size_t taps = c->kernel[0] * c->kernel[1];
  const float *x = run->scratch + first;
  const float *weights = c->weights;
  lanes totals[PC_MAX_ROW_OUTPUTS][8], sums[PC_MAX_ROW_OUTPUTS][8];
  UNROLL for (size_t o = 0; o < outputs; o++)
    UNROLL for (size_t i = 0; i < vectors; i++) totals[o][i] = sums[o][i] = 0;
  for (size_t p = 0; p < c->part_count; p++) {
    const size_t channels = c->parts[p].channels;
    add_products(run, x, channels, weights, sums, outputs, vectors);
    UNROLL for (size_t o = 0; o < outputs; o++)
      UNROLL for (size_t i = 0; i < vectors; i++) {
        totals[o][i] = plus_part(run->task, p, totals[o][i], sums[o][i]);
        if (run->task->arithmetic == PC_U8S8) sums[o][i] = 0;
      }
    x += channels * l->channel;
    weights += channels * taps * outputs;
  }
  UNROLL for (size_t o = 0; o < outputs; o++)
    UNROLL for (size_t i = 0; i < vectors; i++) {
      const size_t column = first + LANES * i, place = o * l->width + column;
      lanes y = totals[o][i];
      if (run->task->tap_sums)
        y = plus_tap_sums(run->task, y, run->scratch + l->tap_sums + place);
      y = finish(c, o, pixel + column, column < c->width ? c->width - column : 0, y);
      memcpy(run->scratch + l->results + place, &y, sizeof y);
    }
}

INLINE void activate(const pc_convolution *c, float *y, size_t count) {
  if (c->activation == PC_ACTIVATION_SIGMOID)
    for (size_t i = 0; i < count; i++) y[i] = pc_sigmoid(y[i]);
  if (c->activation == PC_ACTIVATION_TANH)
    for (size_t i = 0; i < count; i++) y[i] = pc_tanh(y[i]);
}

#define PC_STORE_ROW(type, stored)                                              \
  {                                                                             \
    type *y = (type *)c->output + pixel * stride;                               \
    for (size_t i = 0; i < count; i++, y += stride)                             \
      UNROLL for (size_t o = 0; o < outputs; o++) {                             \
        const float value = results[o * width + i];                             \
        y[o] = stored;                                                          \
      }                                                                         \
  }                                                                             \
  return;

/* Stores `count` results from `pixel` on, channels together. */
INLINE void store_row(
    const pc_convolution *c, const float *results, size_t width, size_t pixel, size_t count,
    const size_t outputs, const size_t stride) {
  switch (c->storage) {
    case PC_STORE_F32: PC_STORE_ROW(float, value)
    case PC_STORE_BF16: PC_STORE_ROW(uint16_t, pc_bf16_stored(value))
    case PC_STORE_U8:
      PC_STORE_ROW(uint8_t, pc_u8_stored(value, c->reciprocal, c->zero_point))
    case PC_STORE_I32: return;
  }
}

/* Stages what the window of output row `row` sees and `staged` rows of the image do not hold yet,
 * and finds the taps in it. Returns the number of staged places. */
static size_t prepare_row(const row_run *run, size_t image, size_t row, size_t staged) {
  const pc_convolution *c = run->convolution;
  const pc_row_layout *l = &run->layout;
  const size_t begin = row * c->stride[0], end = begin + l->spanned;
  for (size_t place = staged > begin ? staged : begin; place < end; place++) {
    float *planes = run->scratch + place % l->spanned * l->row;
    for (size_t p = 0; p < c->part_count; p++) {
      stage_row(run->task, c->parts + p, image, place, l, run->scratch + l->mask, planes);
      planes += c->parts[p].channels * l->channel;
    }
  }
  size_t *tap = run->taps;
  for (size_t u = 0; u < c->kernel[0]; u++)
    for (size_t v = 0; v < c->kernel[1]; v++, tap++) {
      const size_t shift = v * c->dilation[1];
      *tap = (begin + u * c->dilation[0]) % l->spanned * l->row +
             shift % c->stride[1] * l->phase + shift / c->stride[1];
    }
  return end;
}

/* Columns `begin..<end` of output row `line`, counted through all images, which `is_new` if no
 * others of it came before. */
INLINE void run_row(
    const row_run *run, size_t line, bool is_new, size_t begin, size_t end, const size_t outputs,
    const size_t vectors) {
  const pc_convolution *c = run->convolution;
  const pc_row_layout *l = &run->layout;
  const size_t pixel = line * c->width, first = begin / LANES * LANES;
  if (is_new && run->task->tap_sums)
    take_taps(run->task, line / c->height, line % c->height, l, run->scratch, outputs);
  size_t column = first;
  for (; column + LANES * vectors <= end; column += LANES * vectors)
    compute(run, pixel, column, outputs, vectors);
  for (; column < end; column += LANES) compute(run, pixel, column, outputs, 1);
  float *results = run->scratch + l->results;
  UNROLL for (size_t o = 0; o < outputs; o++)
    activate(c, results + o * l->width + first, column - first);
  results += begin;
  if (c->output_stride == outputs)
    store_row(c, results, l->width, pixel + begin, end - begin, outputs, outputs);
  else store_row(c, results, l->width, pixel + begin, end - begin, outputs, c->output_stride);
}

typedef void row_function(
    const row_run *run, size_t line, bool is_new, size_t begin, size_t end);

static void run_1(const row_run *run, size_t line, bool is_new, size_t begin, size_t end) {
  run_row(run, line, is_new, begin, end, 1, 8);
}
static void run_2(const row_run *run, size_t line, bool is_new, size_t begin, size_t end) {
  run_row(run, line, is_new, begin, end, 2, 4);
}
static void run_3(const row_run *run, size_t line, bool is_new, size_t begin, size_t end) {
  run_row(run, line, is_new, begin, end, 3, 4);
}
static void run_4(const row_run *run, size_t line, bool is_new, size_t begin, size_t end) {
  run_row(run, line, is_new, begin, end, 4, 2);
}

void PC_ROW_SYMBOL(
    const pc_row_convolution *task, const pc_pixel_range *ranges, size_t count, void *scratch) {
  static row_function *const rows[PC_MAX_ROW_OUTPUTS] = {run_1, run_2, run_3, run_4};
  const pc_convolution *c = task->convolution;
  row_run run = {
      .task = task, .convolution = c, .layout = pc_lay_out_rows(task), .scratch = scratch};
  run.taps = (size_t *)(void *)(run.scratch + run.layout.taps);
  size_t staged = 0, latest = SIZE_MAX;
  for (; count > 0; count--, ranges++)
    for (size_t pixel = ranges->begin, next; pixel < ranges->end; pixel = next) {
      const size_t line = pixel / c->width, image = line / c->height;
      const size_t last = (line + 1) * c->width;
      const bool is_new = line != latest;
      next = last < ranges->end ? last : ranges->end;
      if (is_new) {
        if (latest == SIZE_MAX || latest / c->height != image) staged = 0;
        staged = prepare_row(&run, image, line % c->height, staged);
        latest = line;
      }
      rows[c->outputs - 1](&run, line, is_new, pixel - line * c->width, next - line * c->width);
    }
}
