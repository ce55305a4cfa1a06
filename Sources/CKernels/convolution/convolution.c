#include "pc_convolution.h"

#include "pc_elementwise.h"
#include "segments.h"

/* Builds the segment lists of one register tile after another and runs the micro-kernel on them. A
 * list costs a few operations per pointer and serves channels times output channels multiplies, so
 * it is not worth storing. A segment whose pixels are all border or hole has no channels, unless
 * zeros are stored as another number, whose products a constant of the whole window takes back. */

size_t pc_convolution_scratch_size(
    const pc_convolution *convolution, const pc_tile_kernel *kernel) {
  return pc_segment_bytes(convolution, kernel);
}

size_t pc_place_count(const pc_convolution *convolution, int axis) {
  const size_t positions = axis ? convolution->width : convolution->height;
  return (positions - 1) * convolution->stride[axis] +
         (convolution->kernel[axis] - 1) * convolution->dilation[axis] + 1;
}

void pc_fill_places(
    const pc_convolution *convolution, const pc_picture *part, int axis, int32_t *places) {
  const size_t count = pc_place_count(convolution, axis);
  const size_t border = convolution->padding[axis];
  const size_t length = axis ? part->width : part->height;
  const size_t pitch = axis ? 1 : part->width;
  for (size_t t = 0; t < count; t++) {
    const size_t place = t < border ? length : (t - border) / part->upsampling;
    places[t] = place < length ? (int32_t)(place * pitch) : -1;
  }
}

static void find_addends(
    const pc_convolution *c, const pc_run *runs, size_t run_count, pc_tile *tile) {
  for (size_t j = 0; j < c->addend_count; j++) {
    const pc_addend *addend = c->addends + j;
    for (const pc_run *run = runs; run < runs + run_count; run++) {
      const ptrdiff_t line = addend->row_places[run->row];
      const float *sums = (const float *)addend->pixels +
                          ((ptrdiff_t)(run->image * addend->area) + line) *
                              (ptrdiff_t)addend->pixel_stride;
      for (size_t r = 0; r < run->count; r++) {
        const ptrdiff_t place = addend->column_places[run->column + r];
        tile->addends[j][run->first + r] =
            (line | place) < 0 ? c->zeros : sums + place * (ptrdiff_t)addend->pixel_stride;
      }
    }
  }
}

static void place_epilogue(const pc_convolution *c, pc_tile *tile, size_t first, size_t column) {
  tile->first_column = column;
  tile->output = (char *)c->output +
                 (first * c->output_stride + column) * pc_stored_size(c->storage);
  tile->scale = c->scale ? c->scale + column : NULL;
  tile->ratio = c->ratio ? c->ratio + first : NULL;
  for (size_t j = 0; j < c->bias_count; j++) {
    tile->bias[j] = c->biases[j].vector + column;
    tile->plane[j] = c->biases[j].plane ? c->biases[j].plane + first : NULL;
  }
}

/* The functions that micro-kernels leave out, over whole rows where the pixels lie side by side. */
static void activate(
    const pc_convolution *c, const char *isa, size_t first, size_t count, size_t column,
    size_t columns) {
  if (c->activation != PC_ACTIVATION_SIGMOID && c->activation != PC_ACTIVATION_TANH) return;
  const pc_curve_kernel *curves = pc_curves_of(isa);
  const int is_dense = columns == c->output_stride;
  const size_t length = is_dense ? count * columns : columns;
  for (size_t r = 0; r < (is_dense ? 1 : count); r++) {
    float *row = (float *)c->output + (first + r) * c->output_stride + column;
    if (c->activation == PC_ACTIVATION_SIGMOID) curves->sigmoid(row, row, length);
    if (c->activation == PC_ACTIVATION_TANH) curves->tanh(row, row, length);
  }
}

void pc_convolution_run(
    const pc_convolution *convolution, const pc_tile_kernel *kernel, size_t first, size_t count,
    size_t first_block, size_t block_count, void *scratch) {
  const pc_convolution *c = convolution;
  const size_t taps = c->kernel[0] * c->kernel[1];
  const size_t depth = pc_tap_depth(c, kernel) * taps;
  const size_t begin = first_block * kernel->columns;
  const size_t limit = begin + block_count * kernel->columns;
  const size_t end = limit < c->outputs ? limit : c->outputs;
  pc_tile tile = {
      .segments = scratch,
      .segment_count = taps * c->part_count,
      .part_count = c->part_count,
      .segments_per_part = taps,
      .integer_parts = c->integer_parts,
      .total_depth = depth,
      .output_stride = c->output_stride,
      .storage = c->storage,
      .reciprocal = c->reciprocal,
      .zero_point = c->zero_point,
      .addend_count = c->addend_count,
      .addend_scale = c->addend_scale,
      .bias_count = c->bias_count,
      .activation = c->activation,
      .slope = c->slope,
  };
  pc_run runs[PC_MAX_TILE_ROWS];
  for (size_t done = 0; done < count; done += tile.rows) {
    tile.rows = count - done < kernel->rows ? count - done : kernel->rows;
    const size_t run_count = pc_find_runs(c, first + done, tile.rows, runs);
    pc_build_segments(c, kernel, runs, run_count, scratch);
    find_addends(c, runs, run_count, &tile);
    for (size_t column = begin; column < end; column += kernel->columns) {
      tile.weights =
          (const char *)c->weights + column * depth * pc_number_size(kernel->arithmetic);
      tile.columns = end - column < kernel->columns ? end - column : kernel->columns;
      place_epilogue(c, &tile, first + done, column);
      kernel->run(&tile);
    }
  }
  activate(c, kernel->isa, first, count, begin, end - begin);
}
