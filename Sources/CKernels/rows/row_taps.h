/* Sums of taps that are stored already; included by row_lanes.h. */

/* Adds up the taps under each other of each stored pixel, `side` of each row of the window. Vectors
 * run on into pixels to the right, so the last ones go number by number. */
#define PC_ADD_UNDER_EACH_OTHER(type, vector)                                             \
  {                                                                                       \
    const type *above = rows[0], *here = rows[1], *below = rows[2];                       \
    type *sum = sums;                                                                     \
    size_t i = 0;                                                                         \
    for (; i + LANES < width; i++, sum += side) {                                         \
      UNROLL for (size_t t = 0; t < side; t += LANES) {                                   \
        vector a, b, c;                                                                   \
        memcpy(&a, above + i * pitches[0] + t, sizeof a);                                 \
        memcpy(&b, here + i * pitches[1] + t, sizeof b);                           \
        memcpy(&c, below + i * pitches[2] + t, sizeof c);                      \
        a = a + b + c;                                                                    \
        memcpy(sum + t, &a, sizeof a);                                                    \
      }                                                                                   \
    }                                                                                     \
    for (; i < width; i++, sum += side)                                                   \
      for (size_t t = 0; t < side; t++)                                                   \
        sum[t] = above[i * pitches[0] + t] + here[i * pitches[1] + t] +            \
                 below[i * pitches[2] + t];                                    \
  }

/* Each stored pixel is two of the row, whose windows reach half a pixel to the left and to the
 * right; beside the first and the last are zeros. */
#define PC_ADD_NEIGHBOURS(type)                                                           \
  {                                                                                       \
    const type *pixel = sums;                                                             \
    type *even = result;                                                                  \
    for (size_t i = 0; i < width; i++, pixel += side, even += 2)                          \
      UNROLL for (size_t o = 0; o < outputs; o++) {                                       \
        const type left = pixel[o], middle = pixel[outputs + o];                          \
        even[o * plane] = (pixel - side)[o] + middle + pixel[2 * outputs + o];            \
        even[o * plane + 1] = left + middle + pixel[side + 2 * outputs + o];              \
      }                                                                                   \
  }

#define PC_TAKE_TAPS(name, type, vector)                                                  \
  INLINE void name(                                                                       \
      const void *const rows[3], const size_t pitches[3], size_t width, type *sums,       \
      type *result, size_t plane, const size_t outputs) {                                 \
    const size_t side = 3 * outputs;                                                      \
    PC_ADD_UNDER_EACH_OTHER(type, vector)                                                 \
    memset(sums - side, 0, side * sizeof *sums);                                          \
    memset(sums + width * side, 0, side * sizeof *sums);                                  \
    PC_ADD_NEIGHBOURS(type)                                                               \
  }
PC_TAKE_TAPS(take_float_taps, float, lanes)
PC_TAKE_TAPS(take_integer_taps, int32_t, words)

/* What output row `row` takes from the stored sums, as a plane for each output channel. */
INLINE void take_taps(
    const pc_row_convolution *task, size_t image, size_t row, const pc_row_layout *l,
    float *scratch, const size_t outputs) {
  static const float zeros[3 * PC_MAX_ROW_OUTPUTS + LANES];
  const pc_picture *taps = task->tap_sums;
  const size_t pitch = taps->pixel_stride;
  float *sums = scratch + l->tap_row + 3 * outputs, *result = scratch + l->tap_sums;
  const void *rows[3];
  size_t pitches[3];
  for (size_t u = 0; u < 3; u++) {
    const int32_t line = taps->row_places[row + u];
    const size_t first = image * taps->height * taps->width + (size_t)(line < 0 ? 0 : line);
    rows[u] = line < 0 ? zeros : (const float *)taps->pixels + first * pitch + u * 3 * outputs;
    pitches[u] = line < 0 ? 0 : pitch;
  }
  if (task->arithmetic == PC_U8S8)
    take_integer_taps(
        rows, pitches, taps->width, (int32_t *)(void *)sums, (int32_t *)(void *)result, l->width,
        outputs);
  else take_float_taps(rows, pitches, taps->width, sums, result, l->width, outputs);
}
