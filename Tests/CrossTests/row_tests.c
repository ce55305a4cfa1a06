#include <stdio.h>
#include <string.h>

#include "../../Sources/CKernels/pc_narrow.h"
#include "cross_tests.h"

/* Convolutions by rows of random shapes and of every kind of numbers, with and without sums of
 * taps. Pixels in a hole of f32 are NaN, so that using one shows. */

enum { ROW_CASES = 400, ZERO_POINT = 77 };

typedef struct {
  pc_convolution convolution;
  pc_row_convolution task;
  pc_picture part;
  pc_picture sums;
  pc_integer_part integer_part;
  pc_bias bias;
  const float *weights;
} row_case;

static double value_at(const row_case *t, size_t place) {
  switch (t->task.arithmetic) {
    case PC_F32: return ((const float *)t->part.pixels)[place];
    case PC_BF16: return (double)pc_bf16_value(((const uint16_t *)t->part.pixels)[place]);
    case PC_U8S8: return ((const uint8_t *)t->part.pixels)[place] - ZERO_POINT;
  }
  return 0;
}

static void make_pixels(row_case *t, size_t count) {
  pc_picture *p = &t->part;
  const size_t numbers = count * p->pixel_stride;
  float *mask = guarded_floats(count);
  for (size_t i = 0; i < count; i++) mask[i] = (float)pick(2);
  p->mask = pick(2) ? mask : NULL;
  void *pixels = guarded(numbers * pc_number_size(t->task.arithmetic));
  for (size_t i = 0; i < numbers; i++) {
    const int is_hidden = p->mask && mask[i / p->pixel_stride] == 0;
    const float value = is_hidden && t->task.arithmetic == PC_F32 ? NAN : uniform();
    if (t->task.arithmetic == PC_F32) ((float *)pixels)[i] = value;
    if (t->task.arithmetic == PC_BF16) ((uint16_t *)pixels)[i] = pc_bf16_stored(value);
    if (t->task.arithmetic == PC_U8S8) ((uint8_t *)pixels)[i] = (uint8_t)pick(256);
  }
  p->pixels = pixels;
}

static void make_places(const pc_convolution *c, pc_picture *part) {
  for (int axis = 0; axis < 2; axis++) {
    int32_t *places = guarded(pc_place_count(c, axis) * sizeof *places);
    pc_fill_places(c, part, axis, places);
    *(axis ? &part->column_places : &part->row_places) = places;
  }
}

/* Whole numbers, as f32 or i32. */
static void make_sums(row_case *t) {
  pc_picture *s = &t->sums;
  const pc_convolution *c = &t->convolution;
  s->channels = s->pixel_stride = 9 * c->outputs;
  s->height = c->height / 2;
  s->width = c->width / 2;
  s->upsampling = 2;
  const size_t count = c->images * s->height * s->width * s->channels;
  int32_t *integers = guarded(count * sizeof *integers);
  for (size_t i = 0; i < count; i++) integers[i] = (int32_t)pick(2001) - 1000;
  float *floats = guarded_floats(count);
  for (size_t i = 0; i < count; i++) floats[i] = (float)integers[i];
  s->pixels = t->task.arithmetic == PC_U8S8 ? (const void *)integers : floats;
  make_places(c, s);
  t->task.tap_sums = s;
}

static void make_case(row_case *t, size_t outputs, pc_arithmetic arithmetic) {
  memset(t, 0, sizeof *t);
  pc_convolution *c = &t->convolution;
  pc_picture *p = &t->part;
  const int has_sums = pick(2) == 0;
  t->task = (pc_row_convolution){.convolution = c, .arithmetic = arithmetic};
  t->integer_part.scale = 0.37f;
  p->zero_point = arithmetic == PC_U8S8 ? ZERO_POINT : 0;
  p->channels = 1 + pick(pick(2) ? 5 : 40);
  p->pixel_stride = p->channels + pick(3);
  p->upsampling = 1 + pick(2);
  p->height = (1 + pick(4)) * (has_sums ? 2 : 1);
  p->width = (1 + pick(40)) * (has_sums ? 2 : 1);
  *c = (pc_convolution){
      .parts = p, .part_count = 1, .integer_parts = &t->integer_part, .images = 2,
      .outputs = outputs, .output_stride = outputs + pick(2), .addend_scale = 0.11f,
      .biases = &t->bias, .bias_count = pick(2), .slope = 0.2f};
  c->activation = (pc_activation)pick(5);
  for (int axis = 0; axis < 2; axis++) {
    c->kernel[axis] = has_sums ? 3 : 1 + pick(5);
    c->stride[axis] = has_sums ? 1 : 1 + pick(3);
    c->dilation[axis] = has_sums ? 1 : 1 + pick(2);
    c->padding[axis] = has_sums ? 1 : (c->kernel[axis] - 1) * c->dilation[axis];
    const size_t length = (axis ? p->width : p->height) * p->upsampling + 2 * c->padding[axis];
    const size_t window = (c->kernel[axis] - 1) * c->dilation[axis] + 1;
    *(axis ? &c->width : &c->height) = (length - window) / c->stride[axis] + 1;
  }
  make_pixels(t, 2 * p->height * p->width);
  make_places(c, p);
  if (has_sums) make_sums(t);
  const size_t count = p->channels * c->kernel[0] * c->kernel[1] * outputs;
  float *weights = random_floats(count);
  for (size_t i = 0; arithmetic == PC_U8S8 && i < count; i++)
    weights[i] = (float)pick(255) - 127;
  c->weights = t->weights = weights;
  c->ratio = pick(2) ? random_floats(2 * c->height * c->width) : NULL;
  t->bias = (pc_bias){random_floats(outputs), NULL};
}

static quantity plus_taps(const row_case *t, quantity y, const size_t at[3], size_t o) {
  const pc_picture *s = &t->sums;
  const size_t outputs = t->convolution.outputs;
  for (size_t tap = 0; tap < 9; tap++) {
    const size_t row = at[1] + tap / 3 - 1, column = at[2] + tap % 3 - 1;
    if (row >= 2 * s->height || column >= 2 * s->width) continue;
    const size_t pixel = (at[0] * s->height + row / 2) * s->width + column / 2;
    const size_t place = pixel * s->channels + tap * outputs + o;
    if (t->task.arithmetic == PC_U8S8)
      y = plus(y, (double)((const int32_t *)s->pixels)[place] * t->convolution.addend_scale);
    else y = plus(y, ((const float *)s->pixels)[place]);
  }
  return y;
}

static quantity expected(const row_case *t, const size_t at[3], size_t o) {
  const pc_convolution *c = &t->convolution;
  const pc_picture *p = &t->part;
  const size_t taps = c->kernel[0] * c->kernel[1];
  const double scale = t->task.arithmetic == PC_U8S8 ? (double)t->integer_part.scale : 1;
  quantity y = {0, 0};
  for (size_t tap = 0; tap < taps; tap++) {
    const size_t row = at[1] * c->stride[0] + tap / c->kernel[1] * c->dilation[0] - c->padding[0];
    const size_t column =
        at[2] * c->stride[1] + tap % c->kernel[1] * c->dilation[1] - c->padding[1];
    if (row >= p->height * p->upsampling || column >= p->width * p->upsampling) continue;
    const size_t pixel =
        (at[0] * p->height + row / p->upsampling) * p->width + column / p->upsampling;
    for (size_t k = 0; k < p->channels && (!p->mask || p->mask[pixel] != 0); k++) {
      const double w = (double)t->weights[(k * taps + tap) * c->outputs + o];
      y = plus(y, value_at(t, pixel * p->pixel_stride + k) * w * scale);
    }
  }
  if (t->task.tap_sums) y = plus_taps(t, y, at, o);
  if (c->ratio) y = times(y, c->ratio[(at[0] * c->height + at[1]) * c->width + at[2]]);
  if (c->bias_count) y = plus(y, t->bias.vector[o]);
  return activated(y, c->activation, c->slope);
}

static float *run(const pc_row_kernel *kernel, row_case *t, size_t cut) {
  pc_convolution *c = &t->convolution;
  const size_t pixels = c->images * c->height * c->width;
  const size_t count = (pixels - 1) * c->output_stride + c->outputs;
  float *output = memset(guarded_floats(count), 0, count * sizeof *output);
  void *scratch = guarded((pc_row_scratch_size(&t->task) + 63) / 64 * 64);
  c->output = output;
  const pc_pixel_range ranges[] = {{0, cut}, {cut, pixels}};
  const size_t together = 1 + cut % 2;
  for (size_t i = 0; i < 2; i += together)
    kernel->run(&t->task, ranges + i, together, scratch);
  return output;
}

static void check_case(const pc_row_kernel *kernel, row_case *t, report *r) {
  const pc_convolution *c = &t->convolution;
  const float *whole = run(kernel, t, 0);
  const float *pieces = run(kernel, t, pick(c->images * c->height * c->width));
  const size_t depth = t->part.channels * c->kernel[0] * c->kernel[1] + 9;
  char what[80];
  snprintf(what, sizeof what, "rows %ld", r->cases++);
  size_t at[3], pixel = 0;
  for (at[0] = 0; at[0] < c->images; at[0]++)
    for (at[1] = 0; at[1] < c->height; at[1]++)
      for (at[2] = 0; at[2] < c->width; at[2]++, pixel++) {
        const float *y = whole + pixel * c->output_stride;
        for (size_t o = 0; o < c->outputs; o++) check(r, y[o], expected(t, at, o), depth, what);
        check_that(
            r, memcmp(y, pieces + pixel * c->output_stride, c->outputs * sizeof *y) == 0,
            "rows in pieces have other bits");
      }
}

static long test_row_kernel(const pc_row_kernel *kernel) {
  report r = {.name = kernel->name};
  seed(5);
  for (size_t i = 0; i < ROW_CASES; i++) {
    row_case t;
    make_case(&t, 1 + i % PC_MAX_ROW_OUTPUTS, (pc_arithmetic)(i % 3));
    check_case(kernel, &t, &r);
    release();
  }
  print_report(kernel->isa, &r);
  return r.wrong;
}

long test_rows(char *const *wanted, int wanted_count) {
  size_t count;
  const pc_row_kernel *kernels = pc_row_kernels(&count);
  long faults = 0;
  for (size_t i = 0; i < count; i++)
    if (pc_isa_is_supported(kernels[i].isa)) faults += test_row_kernel(kernels + i);
  for (int j = 0; j < wanted_count; j++) {
    int was_tested = 0;
    for (size_t i = 0; i < count; i++)
      was_tested |= strcmp(kernels[i].isa, wanted[j]) == 0 && pc_isa_is_supported(wanted[j]);
    if (!was_tested) printf("rows: no row of the wanted set %s was tested\n", wanted[j]);
    faults += !was_tested;
  }
  return faults;
}
