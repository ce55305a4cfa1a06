#include <stdio.h>
#include <string.h>

#include "cross_tests.h"

/* Runs single tiles of every size: lists of segments, among them empty ones and one whose pixels
 * are all holes, with every kind of epilogue. All arrays end at forbidden memory, and what lies
 * between the rows of the output must stay as it was. */

enum { MAX_SEGMENTS = 3, FIRST_COLUMN = 5, ROW_GAP = 3 };

static const float untouched = -12345;

typedef struct {
  size_t count;
  size_t channels[MAX_SEGMENTS];
  /* The segment that has weights, but no channels to read; MAX_SEGMENTS when none. */
  size_t hole;
} segment_list;

static const segment_list segment_lists[] = {
    {1, {0}, 3},        {1, {1}, 3},         {1, {3}, 3},          {1, {16}, 3},
    {1, {17}, 3},       {1, {67}, 3},        {3, {3, 16, 1}, 3},   {3, {17, 0, 67}, 3},
    {3, {16, 3, 17}, 1},
};

typedef struct {
  int has_scale;
  int has_ratio;
  size_t biases;
  unsigned planes;
  size_t addends;
  pc_activation activation;
} epilogue;

static const epilogue epilogues[] = {
    {0, 0, 0, 0, 0, PC_ACTIVATION_NONE}, {1, 0, 1, 0, 0, PC_ACTIVATION_RELU},
    {1, 1, 1, 1, 0, PC_ACTIVATION_LEAKY_RELU}, {0, 1, 4, 5, 1, PC_ACTIVATION_LEAKY_RELU},
    {0, 0, 0, 0, 3, PC_ACTIVATION_NONE}, {1, 1, 2, 2, 4, PC_ACTIVATION_RELU},
};

/* A tile, its segments and its weights as [columns][depth]. */
typedef struct {
  pc_tile tile;
  pc_segment segments[MAX_SEGMENTS];
  size_t depth;
  const float *weights;
} tile_case;

static void make_products(
    const pc_tile_kernel *kernel, const segment_list *list, size_t rows, size_t columns,
    tile_case *t) {
  memset(t, 0, sizeof *t);
  for (size_t s = 0; s < list->count; s++) {
    const size_t channels = list->channels[s];
    const float *pixels = random_floats(rows * channels);
    t->segments[s].channels = s == list->hole ? 0 : channels;
    t->segments[s].depth = t->depth;
    for (size_t r = 0; r < rows; r++) t->segments[s].rows[r] = pixels + r * channels;
    t->depth += channels;
  }
  t->weights = random_floats(columns * t->depth);
  t->tile.segments = t->segments;
  t->tile.segment_count = list->count;
  t->tile.weights = packed_weights(kernel, t->weights, columns, t->depth, 1);
  t->tile.total_depth = t->depth;
  t->tile.rows = rows;
  t->tile.columns = columns;
  t->tile.output_stride = columns + ROW_GAP;
  t->tile.first_column = FIRST_COLUMN;
}

static void make_epilogue(const epilogue *e, pc_tile *tile) {
  tile->scale = e->has_scale ? random_floats(tile->columns) : NULL;
  tile->ratio = e->has_ratio ? random_floats(tile->rows) : NULL;
  tile->bias_count = e->biases;
  for (size_t j = 0; j < e->biases; j++) {
    tile->bias[j] = random_floats(tile->columns);
    tile->plane[j] = e->planes >> j & 1 ? random_floats(tile->rows) : NULL;
  }
  tile->addend_count = e->addends;
  const size_t width = FIRST_COLUMN + tile->columns;
  for (size_t j = 0; j < e->addends; j++) {
    const float *sums = random_floats(tile->rows * width);
    for (size_t r = 0; r < tile->rows; r++) tile->addends[j][r] = sums + r * width;
  }
  tile->activation = e->activation;
  tile->slope = 0.2f;
}

static quantity expected(const tile_case *t, size_t r, size_t c) {
  const pc_tile *tile = &t->tile;
  quantity y = {0, 0};
  for (size_t s = 0; s < tile->segment_count; s++) {
    const pc_segment *segment = t->segments + s;
    const float *x = segment->rows[r];
    const float *w = t->weights + c * t->depth + segment->depth;
    for (size_t k = 0; k < segment->channels; k++) y = plus(y, (double)x[k] * w[k]);
  }
  for (size_t j = 0; j < tile->addend_count; j++) {
    const float *addend = tile->addends[j][r];
    y = plus(y, addend[FIRST_COLUMN + c]);
  }
  if (tile->scale) y = times(y, tile->scale[c]);
  if (tile->ratio) y = times(y, tile->ratio[r]);
  for (size_t j = 0; j < tile->bias_count; j++)
    y = plus(y, (double)tile->bias[j][c] * (tile->plane[j] ? tile->plane[j][r] : 1));
  return activated(y, tile->activation, tile->slope);
}

static const float *run(const pc_tile_kernel *kernel, pc_tile *tile) {
  const size_t count = (tile->rows - 1) * tile->output_stride + tile->columns;
  float *output = guarded_floats(count);
  for (size_t i = 0; i < count; i++) output[i] = untouched;
  tile->output = output;
  kernel->run(tile);
  return output;
}

/* Each pixel in a tile of its own must get the bits that it has among the others. */
static void check_alone(
    const pc_tile_kernel *kernel, const tile_case *t, const float *output, report *r) {
  float *bits = guarded_floats(t->tile.columns);
  for (size_t row = 0; row < t->tile.rows; row++) {
    tile_case alone = *t;
    pc_tile *tile = &alone.tile;
    tile->segments = alone.segments;
    tile->rows = 1;
    for (size_t s = 0; s < tile->segment_count; s++)
      alone.segments[s].rows[0] = t->segments[s].rows[row];
    if (tile->ratio) tile->ratio += row;
    for (size_t j = 0; j < tile->bias_count; j++)
      if (tile->plane[j]) tile->plane[j] += row;
    for (size_t j = 0; j < tile->addend_count; j++) tile->addends[j][0] = t->tile.addends[j][row];
    tile->output = bits;
    kernel->run(tile);
    check_that(
        r, memcmp(bits, output + row * tile->output_stride, tile->columns * sizeof *bits) == 0,
        "a pixel alone has other bits than in a tile");
  }
}

static void check_tile(const pc_tile_kernel *kernel, tile_case *t, report *r) {
  pc_tile *tile = &t->tile;
  char what[80];
  snprintf(
      what, sizeof what, "a tile of %zu by %zu, depth %zu,", tile->rows, tile->columns, t->depth);
  const float *output = run(kernel, tile);
  r->cases++;
  for (size_t row = 0; row < tile->rows; row++) {
    const float *y = output + row * tile->output_stride;
    for (size_t c = 0; c < tile->columns; c++)
      check(r, y[c], expected(t, row, c), t->depth, what);
    for (size_t c = tile->columns; row + 1 < tile->rows && c < tile->output_stride; c++)
      check_that(r, y[c] == untouched, "a tile writes beside its columns");
  }
  check_alone(kernel, t, output, r);
}

/* A pixel that is not a number gives that, whatever the activation, and to no other pixel. */
static void check_not_a_number(const pc_tile_kernel *kernel, report *r) {
  const segment_list list = {1, {5}, MAX_SEGMENTS};
  for (int activation = PC_ACTIVATION_NONE; activation <= PC_ACTIVATION_LEAKY_RELU; activation++) {
    tile_case t;
    make_products(kernel, &list, kernel->rows, kernel->columns, &t);
    const size_t bad = pick(kernel->rows);
    float *pixel = random_floats(5);
    pixel[4] = NAN;
    t.segments[0].rows[bad] = pixel;
    t.tile.activation = (pc_activation)activation;
    const float *output = run(kernel, &t.tile);
    r->cases++;
    for (size_t row = 0; row < kernel->rows; row++)
      for (size_t c = 0; c < kernel->columns; c++)
        check_that(
            r, isnan(output[row * t.tile.output_stride + c]) == (row == bad),
            "a NaN does not stay where it is");
    release();
  }
}

void test_tiles(const pc_tile_kernel *kernel, report *r) {
  seed(1);
  for (size_t s = 0; s < sizeof segment_lists / sizeof *segment_lists; s++)
    for (size_t rows = 1; rows <= kernel->rows; rows++)
      for (size_t columns = 1; columns <= kernel->columns; columns++) {
        tile_case t;
        make_products(kernel, segment_lists + s, rows, columns, &t);
        for (size_t e = 0; e < sizeof epilogues / sizeof *epilogues; e++) {
          make_epilogue(epilogues + e, &t.tile);
          check_tile(kernel, &t, r);
        }
        release();
      }
  check_not_a_number(kernel, r);
}
