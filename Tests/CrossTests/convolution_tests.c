#include <stdio.h>
#include <string.h>

#include "cross_tests.h"

/* Runs whole convolutions of random shapes: strides, dilations, borders, two parts, upsampled ones,
 * masks, addends, epilogues. Pixels in a hole are NaN, so that reading one shows. */

enum { MAX_PARTS = 2, CONVOLUTIONS = 300, CACHE_WAY_FLOATS = 1024 };

typedef struct {
  pc_convolution convolution;
  pc_picture parts[MAX_PARTS];
  pc_addend addends[PC_MAX_ADDENDS];
  pc_bias biases[PC_MAX_BIASES];
  /* Of the pictures after upsampling. */
  size_t height;
  size_t width;
  size_t channels;
  size_t taps;
  /* [outputs][channels][taps] */
  const float *weights;
} convolution_case;

static float *random_mask(size_t count) {
  const int is_binary = pick(2) == 0;
  float *mask = guarded_floats(count);
  for (size_t i = 0; i < count; i++)
    mask[i] = is_binary || pick(3) != 0 ? (float)pick(2) : 0.5f + 0.5f * uniform();
  return mask;
}

static const float *zeros(size_t count) {
  return memset(guarded_floats(count), 0, count * sizeof(float));
}

static void make_part(convolution_case *t, size_t p, size_t upsampling) {
  static const size_t channels[] = {1, 2, 3, 4, 5, 16, 17, 33};
  pc_picture *part = t->parts + p;
  part->channels = channels[pick(8)];
  part->pixel_stride = pick(16) == 0 ? CACHE_WAY_FLOATS : part->channels + pick(3);
  part->upsampling = upsampling;
  part->height = t->height / upsampling;
  part->width = t->width / upsampling;
  const size_t count = t->convolution.images * part->height * part->width;
  const size_t last = (count - 1) * part->pixel_stride + part->channels;
  float *pixels = random_floats(last);
  part->mask = pick(3) == 0 ? NULL : random_mask(count);
  for (size_t i = 0; part->mask && i < count; i++)
    for (size_t k = 0; part->mask[i] == 0 && k < part->channels; k++)
      pixels[i * part->pixel_stride + k] = NAN;
  part->pixels = pixels;
  part->zeros = zeros(part->channels);
  t->channels += part->channels;
}

/* The extent of the window along an axis is at most that of the picture with its border. */
static int make_window(convolution_case *t) {
  pc_convolution *c = &t->convolution;
  size_t outputs[2];
  for (int axis = 0; axis < 2; axis++) {
    c->kernel[axis] = 1 + pick(5);
    c->stride[axis] = 1 + pick(2);
    c->dilation[axis] = 1 + pick(2);
    c->padding[axis] = pick(3);
    const size_t bordered = (axis ? t->width : t->height) + 2 * c->padding[axis];
    const size_t window = (c->kernel[axis] - 1) * c->dilation[axis] + 1;
    if (window > bordered) return 0;
    outputs[axis] = (bordered - window) / c->stride[axis] + 1;
  }
  c->height = outputs[0];
  c->width = outputs[1];
  t->taps = c->kernel[0] * c->kernel[1];
  return 1;
}

static void make_places(convolution_case *t, pc_picture *part) {
  for (int axis = 0; axis < 2; axis++) {
    int32_t *places = guarded(pc_place_count(&t->convolution, axis) * sizeof *places);
    pc_fill_places(&t->convolution, part, axis, places);
    *(axis ? &part->column_places : &part->row_places) = places;
  }
}

static int32_t *random_places(size_t count, size_t length, size_t pitch) {
  int32_t *places = guarded(count * sizeof *places);
  for (size_t i = 0; i < count; i++) {
    const size_t place = pick(length + 1);
    places[i] = place < length ? (int32_t)(place * pitch) : -1;
  }
  return places;
}

static void make_addend(const pc_convolution *c, pc_addend *addend) {
  const size_t height = 1 + pick(4), width = 1 + pick(4);
  addend->pixel_stride = c->outputs + pick(3);
  addend->area = height * width;
  addend->pixels = random_floats(
      (c->images * addend->area - 1) * addend->pixel_stride + c->outputs);
  addend->row_places = random_places(c->height, height, width);
  addend->column_places = random_places(c->width, width, 1);
}

static void make_epilogue(convolution_case *t) {
  pc_convolution *c = &t->convolution;
  const size_t pixels = c->images * c->height * c->width;
  c->addends = t->addends;
  c->addend_count = c->stride[0] == 1 && c->stride[1] == 1 ? pick(3) : 0;
  for (size_t j = 0; j < c->addend_count; j++) make_addend(c, t->addends + j);
  c->scale = pick(2) ? random_floats(c->outputs) : NULL;
  c->ratio = pick(2) ? random_floats(pixels) : NULL;
  c->biases = t->biases;
  c->bias_count = pick(3);
  for (size_t j = 0; j < c->bias_count; j++) {
    t->biases[j].vector = random_floats(c->outputs);
    t->biases[j].plane = pick(2) ? random_floats(pixels) : NULL;
  }
  c->activation = (pc_activation)pick(5);
  c->slope = 0.2f;
}

static void make_case(const pc_tile_kernel *kernel, size_t outputs, convolution_case *t) {
  pc_convolution *c = &t->convolution;
  const size_t upsampling = 1 + pick(2);
  do {
    memset(t, 0, sizeof *t);
    t->height = upsampling * (1 + pick(5));
    t->width = upsampling * (1 + pick(5));
  } while (!make_window(t));
  c->images = 1 + pick(2);
  c->parts = t->parts;
  c->part_count = 1 + pick(MAX_PARTS);
  for (size_t p = 0; p < c->part_count; p++) {
    make_part(t, p, p == 0 ? upsampling : 1 + pick(upsampling));
    make_places(t, t->parts + p);
  }
  c->outputs = outputs;
  c->output_stride = outputs + pick(3);
  t->weights = random_floats(outputs * t->channels * t->taps);
  c->weights = packed_weights(kernel, t->weights, outputs, t->channels, t->taps);
  make_epilogue(t);
  c->zeros = zeros(outputs);
}

/* Adds the products of one part under tap (u, v) of the window. */
static quantity plus_pixel(
    quantity sum, const convolution_case *t, const pc_picture *part, const size_t at[3], size_t u,
    size_t v, const float *weights) {
  const pc_convolution *c = &t->convolution;
  const size_t row = at[1] * c->stride[0] + u * c->dilation[0] - c->padding[0];
  const size_t column = at[2] * c->stride[1] + v * c->dilation[1] - c->padding[1];
  if (row >= t->height || column >= t->width) return sum;
  const size_t index = (at[0] * part->height + row / part->upsampling) * part->width +
                       column / part->upsampling;
  const double mask = part->mask ? part->mask[index] : 1;
  const float *pixels = part->pixels;
  const float *x = pixels + index * part->pixel_stride;
  const float *w = weights + u * c->kernel[1] + v;
  for (size_t k = 0; mask != 0 && k < part->channels; k++)
    sum = plus(sum, mask * x[k] * w[k * t->taps]);
  return sum;
}

static quantity expected(const convolution_case *t, const size_t at[3], size_t o) {
  const pc_convolution *c = &t->convolution;
  const size_t pixel = (at[0] * c->height + at[1]) * c->width + at[2];
  const float *weights = t->weights + o * t->channels * t->taps;
  quantity y = {0, 0};
  for (size_t p = 0; p < c->part_count; weights += t->parts[p].channels * t->taps, p++)
    for (size_t u = 0; u < c->kernel[0]; u++)
      for (size_t v = 0; v < c->kernel[1]; v++)
        y = plus_pixel(y, t, t->parts + p, at, u, v, weights);
  for (size_t j = 0; j < c->addend_count; j++) {
    const pc_addend *a = c->addends + j;
    const int32_t row = a->row_places[at[1]], column = a->column_places[at[2]];
    const size_t place = at[0] * a->area + (size_t)(row + column);
    const float *sums = a->pixels;
    if (row >= 0 && column >= 0) y = plus(y, sums[place * a->pixel_stride + o]);
  }
  if (c->scale) y = times(y, c->scale[o]);
  if (c->ratio) y = times(y, c->ratio[pixel]);
  for (size_t j = 0; j < c->bias_count; j++) {
    const double plane = c->biases[j].plane ? c->biases[j].plane[pixel] : 1;
    y = plus(y, plane * c->biases[j].vector[o]);
  }
  return activated(y, c->activation, c->slope);
}

static float *cleared_output(const pc_convolution *c) {
  const size_t pixels = c->images * c->height * c->width;
  const size_t count = (pixels - 1) * c->output_stride + c->outputs;
  return memset(guarded_floats(count), 0, count * sizeof(float));
}

/* Runs all pixels and blocks at once, or in two parts and block by block. */
static float *run(const pc_tile_kernel *kernel, pc_convolution *c, int in_pieces) {
  const size_t pixels = c->images * c->height * c->width;
  const size_t blocks = (c->outputs + kernel->columns - 1) / kernel->columns;
  const size_t cut = in_pieces ? pick(pixels) : 0;
  void *scratch = guarded((pc_convolution_scratch_size(c, kernel) + 63) / 64 * 64);
  float *output = cleared_output(c);
  c->output = output;
  for (size_t block = 0; block < blocks; block += in_pieces ? 1 : blocks) {
    const size_t count = in_pieces ? 1 : blocks;
    pc_convolution_run(c, kernel, 0, cut, block, count, scratch);
    pc_convolution_run(c, kernel, cut, pixels - cut, block, count, scratch);
  }
  return output;
}

static void check_case(const pc_tile_kernel *kernel, convolution_case *t, report *r) {
  pc_convolution *c = &t->convolution;
  const float *whole = run(kernel, c, 0);
  const float *pieces = run(kernel, c, 1);
  char what[80];
  snprintf(what, sizeof what, "convolution %ld", r->cases++);
  size_t at[3], pixel = 0;
  for (at[0] = 0; at[0] < c->images; at[0]++)
    for (at[1] = 0; at[1] < c->height; at[1]++)
      for (at[2] = 0; at[2] < c->width; at[2]++, pixel++) {
        const float *y = whole + pixel * c->output_stride;
        for (size_t o = 0; o < c->outputs; o++)
          check(r, y[o], expected(t, at, o), t->channels * t->taps, what);
        check_that(
            r, memcmp(y, pieces + pixel * c->output_stride, c->outputs * sizeof(float)) == 0,
            "a convolution in pieces has other bits");
      }
}

void test_convolutions(const pc_tile_kernel *kernel, size_t outputs_limit, report *r) {
  const size_t n = kernel->columns;
  const size_t outputs[] = {1, 2, n / 2, n / 2 + 1, n - 1, n, n + 1, 2 * n, 2 * n + 3};
  seed(2);
  for (size_t i = 0; i < CONVOLUTIONS; i++) {
    convolution_case t;
    const size_t wanted = outputs[pick(sizeof outputs / sizeof *outputs)];
    make_case(kernel, wanted < outputs_limit ? wanted : outputs_limit, &t);
    check_case(kernel, &t, r);
    release();
  }
}
