#include <float.h>
#include <string.h>

#include "cross_tests.h"

/* The functions that compilers vectorise by themselves, so that a processor's rules of rounding and
 * contraction are seen to keep their promises. */

static void check_exact(report *r, const float *actual, float expected, const char *what) {
  check_that(r, memcmp(actual, &expected, sizeof expected) == 0, what);
}

/* The distance in units in the last place of `expected`. */
static double ulps(float actual, double expected) {
  const float next = nextafterf(fabsf((float)expected), INFINITY);
  const double unit = (double)next - fabs((double)(float)expected);
  return fabs((double)actual - expected) / unit;
}

static void test_curve_row(const pc_curve_kernel *kernel, report *r) {
  enum { COUNT = 30000 };
  float *x = guarded_floats(COUNT);
  float *y = guarded_floats(COUNT);
  for (size_t i = 0; i < COUNT; i++) x[i] = uniform() * (i % 3 == 0 ? 87 : i % 3 == 1 ? 5 : 0.7f);
  kernel->exponential(x, y, COUNT);
  for (size_t i = 0; i < COUNT; i++) check_that(r, ulps(y[i], exp(x[i])) <= 2, "exponential");
  kernel->sigmoid(x, y, COUNT);
  for (size_t i = 0; i < COUNT; i++)
    check_that(r, ulps(y[i], 1 / (1 + exp(-(double)x[i]))) <= 3, "sigmoid");
  kernel->tanh(x, y, COUNT);
  for (size_t i = 0; i < COUNT; i++) check_that(r, ulps(y[i], tanh(x[i])) <= 3, "tanh");
  float *again = guarded_floats(COUNT);
  pc_curves_of("scalar")->tanh(x, again, COUNT);
  check_that(r, memcmp(y, again, COUNT * sizeof *y) == 0, "tanh has the scalar row's bits");
  const float ends[] = {-INFINITY, -200, 0, 200, INFINITY, NAN};
  kernel->exponential(ends, y, 6);
  check_that(r, y[0] == 0 && y[1] == 0 && y[2] == 1, "exponential far below 0");
  check_that(r, isinf(y[3]) && isinf(y[4]) && isnan(y[5]), "exponential far above 0");
  kernel->tanh(ends, y, 6);
  check_that(r, y[0] == -1 && y[1] == -1 && y[3] == 1 && y[4] == 1 && isnan(y[5]), "tanh far off");
  r->cases += 3;
}

static void test_curves(report *r) {
  size_t count;
  const pc_curve_kernel *const *kernels = pc_curve_kernels(&count);
  for (size_t i = 0; i < count; i++)
    if (pc_isa_is_supported(kernels[i]->isa)) test_curve_row(kernels[i], r);
}

static void test_elementwise(report *r) {
  enum { COUNT = 1003 };
  const float *a = random_floats(COUNT), *b = random_floats(COUNT);
  float *y = guarded_floats(COUNT);
  for (int operation = PC_BINARY_ADD; operation <= PC_BINARY_DIVIDE; operation++)
    for (size_t steps = 0; steps < 4; steps++) {
      pc_f32_binary((pc_binary)operation, a, steps & 1, b, steps >> 1, y, COUNT);
      for (size_t i = 0; i < COUNT; i++) {
        const float p = a[(steps & 1) * i], q = b[(steps >> 1) * i];
        const float results[] = {p + q, p - q, p * q, p / q};
        check_exact(r, y + i, results[operation], "binary");
      }
      r->cases++;
    }
  pc_f32_relu(a, y, COUNT);
  for (size_t i = 0; i < COUNT; i++) check_exact(r, y + i, a[i] < 0 ? 0 : a[i], "relu");
  pc_f32_leaky_relu(a, y, COUNT, 0.2f);
  for (size_t i = 0; i < COUNT; i++) check_exact(r, y + i, a[i] < 0 ? 0.2f * a[i] : a[i], "leaky");
  pc_f32_clip(a, y, COUNT, -0.5f, 0.25f);
  for (size_t i = 0; i < COUNT; i++)
    check_exact(r, y + i, fminf(fmaxf(a[i], -0.5f), 0.25f), "clip");
  uint8_t *equal = guarded(COUNT);
  pc_f32_equal(a, 1, a + COUNT / 2, 0, equal, COUNT);
  for (size_t i = 0; i < COUNT; i++) check_that(r, equal[i] == (a[i] == a[COUNT / 2]), "equal");
  pc_f32_select(equal, 1, a, 1, b, 1, y, COUNT);
  for (size_t i = 0; i < COUNT; i++) check_exact(r, y + i, equal[i] ? a[i] : b[i], "select");
  r->cases += 5;
}

static void test_normalization(report *r) {
  enum { PIXELS = 129, CHANNELS = 7 };
  const float *x = random_floats(PIXELS * CHANNELS);
  const float *mean = random_floats(CHANNELS), *shift = random_floats(CHANNELS);
  float *variance = random_floats(CHANNELS), *scale = guarded_floats(CHANNELS);
  for (size_t k = 0; k < CHANNELS; k++) variance[k] = fabsf(variance[k]);
  pc_f32_normalization_scale(shift, variance, 1e-3f, scale, CHANNELS);
  float *y = guarded_floats(PIXELS * CHANNELS);
  pc_f32_normalize(x, y, PIXELS, CHANNELS, mean, scale, shift);
  double means[CHANNELS], sums[CHANNELS];
  pc_f32_channel_sums(x, PIXELS, CHANNELS, means);
  for (size_t k = 0; k < CHANNELS; k++) means[k] /= PIXELS;
  pc_f32_channel_squares(x, PIXELS, CHANNELS, means, sums);
  for (size_t k = 0; k < CHANNELS; k++) {
    const float factor = shift[k] / sqrtf(variance[k] + 1e-3f);
    double sum = 0, squares = 0;
    check_exact(r, scale + k, factor, "normalization scale");
    for (size_t i = k; i < PIXELS * CHANNELS; i += CHANNELS) {
      const float difference = x[i] - mean[k];
      const float product = difference * factor;
      check_exact(r, y + i, product + shift[k], "normalize");
      sum += (double)x[i];
      squares += ((double)x[i] - means[k]) * ((double)x[i] - means[k]);
    }
    check_that(r, fabs(sum / PIXELS - means[k]) < 1e-14, "channel sums");
    check_that(r, fabs(squares - sums[k]) < 1e-12 * squares, "channel squares");
  }
  r->cases++;
}

static void check_pool(const pc_pool *p, size_t line, size_t column, size_t k, report *r) {
  double sum = 0, largest = -INFINITY;
  size_t inside = 0;
  const float *image = p->x + line / p->output[0] * p->input[0] * p->input[1] * p->channels;
  for (size_t u = 0; u < p->kernel[0]; u++)
    for (size_t v = 0; v < p->kernel[1]; v++) {
      const size_t y = line % p->output[0] * p->stride[0] + u - p->padding[0];
      const size_t x = column * p->stride[1] + v - p->padding[1];
      if (y >= p->input[0] || x >= p->input[1]) continue;
      const double value = image[(y * p->input[1] + x) * p->channels + k];
      sum += value;
      largest = fmax(largest, value);
      inside++;
    }
  const size_t cells = p->counts_border ? p->kernel[0] * p->kernel[1] : inside;
  const double expected = p->is_maximum ? largest : sum / (double)cells;
  const float actual = p->y[(line * p->output[1] + column) * p->channels + k];
  check_that(r, fabs((double)actual - expected) < 1e-6, "pool");
}

static void test_pool(report *r) {
  for (int kind = 0; kind < 3; kind++) {
    pc_pool p = {
        .channels = 5, .input = {9, 7}, .output = {5, 4}, .kernel = {3, 3}, .stride = {2, 2},
        .padding = {1, 1}, .is_maximum = kind == 0, .counts_border = kind == 1};
    p.x = random_floats(2 * 9 * 7 * 5);
    p.y = guarded_floats(2 * 5 * 4 * 5);
    pc_f32_pool(&p, 0, 3);
    pc_f32_pool(&p, 3, 7);
    for (size_t line = 0; line < 10; line++)
      for (size_t column = 0; column < 4; column++)
        for (size_t k = 0; k < 5; k++) check_pool(&p, line, column, k, r);
    r->cases++;
  }
}

/* Of matrices with gaps between rows and columns, and of those that have none and few of either. */
static void test_transposition(report *r) {
  enum { LONGEST = 45 };
  for (size_t i = 0; i < 400; i++) {
    const size_t size = (size_t)1 << pick(4), rows = 1 + pick(pick(2) ? 4 : LONGEST);
    const size_t columns = 1 + pick(pick(2) ? 4 : LONGEST);
    const size_t x_pitch = columns + pick(2) * pick(9), y_pitch = rows + pick(2) * pick(9);
    const size_t x_count = (rows - 1) * x_pitch + columns, y_count = (columns - 1) * y_pitch + rows;
    uint8_t *x = guarded(x_count * size), *y = guarded(y_count * size);
    for (size_t k = 0; k < x_count * size; k++) x[k] = (uint8_t)pick(256);
    memset(y, 0xA5, y_count * size);
    pc_transpose(x, x_pitch, y, y_pitch, rows, columns, size);
    for (size_t k = 0; k < rows * columns; k++) {
      const size_t row = k / columns, column = k % columns;
      const int difference =
          memcmp(x + (row * x_pitch + column) * size, y + (column * y_pitch + row) * size, size);
      check_that(r, difference == 0, "transpose");
    }
    for (size_t k = 0; k < y_count * size; k++)
      if (k / size % y_pitch >= rows) check_that(r, y[k] == 0xA5, "transpose writes into a gap");
    release();
    r->cases++;
  }
}

static void test_gathering(report *r) {
  const int32_t rows[] = {1, -1, 0, 1}, columns[] = {2, 2, -1, 0, 1};
  const float mask[] = {0, 1, 0.3f, 1, 0.5f, 1};
  const float *x = random_floats(5 * 4 + 3);
  float *y = guarded_floats(19 * 6 + 3);
  pc_gather g = {
      .x = x, .x_stride = 4, .x_width = 3, .mask = mask, .y = y, .y_stride = 6, .channels = 3,
      .rows = rows, .columns = columns, .y_width = 5};
  pc_gather_pixels(&g, 0, 1);
  pc_gather_pixels(&g, 1, 3);
  for (size_t i = 0; i < 20; i++)
    for (size_t k = 0; k < 3; k++) {
      const int32_t row = rows[i / 5], column = columns[i % 5];
      const int32_t place = row < 0 || column < 0 ? -1 : row * 3 + column;
      const float expected =
          place < 0 || mask[place] == 0 ? 0 : x[place * 4 + (int32_t)k] * mask[place];
      check_exact(r, y + i * 6 + k, expected, "gather");
    }
  float *wide = guarded_floats(6 * 7);
  pc_f32_expand(mask, wide, 6, 7);
  for (size_t i = 0; i < 6 * 7; i++) check_exact(r, wide + i, mask[i / 7], "expand");
  r->cases += 2;
}

long test_plain_functions(void) {
  static const struct {
    const char *name;
    void (*run)(report *r);
  } tests[] = {
      {"exponential, sigmoid, tanh", test_curves}, {"elementwise", test_elementwise},
      {"normalization", test_normalization},       {"pool", test_pool},
      {"transposition", test_transposition},       {"gathering", test_gathering},
  };
  long wrong = 0;
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    report r = {.name = tests[i].name};
    seed(3);
    tests[i].run(&r);
    release();
    print_report("plain", &r);
    wrong += r.wrong;
  }
  return wrong;
}
