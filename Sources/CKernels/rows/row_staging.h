/* Staging of rows; included by row_lanes.h. */

/* What a number of a picture means but for its scale. */
INLINE float meant(const pc_arithmetic arithmetic, const void *pixels, size_t place, int32_t zero) {
  switch (arithmetic) {
    case PC_F32: return ((const float *)pixels)[place];
    case PC_BF16: return pc_bf16_value(((const uint16_t *)pixels)[place]);
    case PC_U8S8: return (float)((int32_t)((const uint8_t *)pixels)[place] - zero);
  }
}

INLINE void copy_numbers(
    const pc_arithmetic arithmetic, const void *pixels, const size_t step, int32_t zero,
    size_t count, float *restrict plane) {
  for (size_t i = 0; i < count; i++) plane[i] = meant(arithmetic, pixels, i * step, zero);
}

/* LANES numbers from `pixels` on. */
INLINE lanes meant_lanes(const pc_arithmetic arithmetic, const char *pixels, int32_t zero) {
  half_words halves;
  bytes quarters;
  switch (arithmetic) {
    case PC_F32: return load((const float *)(const void *)pixels);
    case PC_BF16:
      memcpy(&halves, pixels, sizeof halves);
      return (lanes)(__builtin_convertvector(halves, words) << 16);
    case PC_U8S8:
      memcpy(&quarters, pixels, sizeof quarters);
      return __builtin_convertvector(__builtin_convertvector(quarters, words) - zero, lanes);
  }
}

/* Numbers of a bordered row that pixels fill, of one of its phases: `count` from `first` on, where
 * the first stands at `place` of the row. */
typedef struct {
  size_t first;
  size_t count;
  size_t place;
} filled_span;

INLINE filled_span filled_of_phase(
    const pc_convolution *c, const pc_picture *part, size_t phase) {
  const size_t stride = c->stride[1], border = c->padding[1], places = pc_place_count(c, 1);
  const size_t reach = border + part->width * part->upsampling;
  const size_t end = places < reach ? places : reach;
  const size_t first = phase < border ? (border - phase + stride - 1) / stride : 0;
  const size_t place = phase + first * stride;
  return (filled_span){first, place < end ? (end - place + stride - 1) / stride : 0, place};
}

/* One channel of the stored row that begins at `pixels`, whose pixels lie `pitch` numbers apart:
 * its phases, within a border that is left as it is. */
INLINE void stage_channel(
    const pc_convolution *c, const pc_picture *part, const pc_arithmetic arithmetic,
    const char *pixels, size_t pitch, const pc_row_layout *l, float *plane) {
  const size_t stride = c->stride[1], step = stride * pitch;
  const int32_t *columns = part->column_places, zero = part->zero_point;
  for (size_t phase = 0; phase < stride; phase++, plane += l->phase) {
    const filled_span span = filled_of_phase(c, part, phase);
    if (span.count == 0) continue;
    const char *from = pixels + (span.place - c->padding[1]) * pitch * pc_number_size(arithmetic);
    float *to = plane + span.first;
    if (part->upsampling > 1)
      for (size_t i = 0; i < span.count; i++)
        to[i] = meant(arithmetic, pixels, (size_t)columns[span.place + i * stride] * pitch, zero);
    else if (step == 1) copy_numbers(arithmetic, from, 1, zero, span.count, to);
    else if (step == 3) copy_numbers(arithmetic, from, 3, zero, span.count, to);
    else copy_numbers(arithmetic, from, step, zero, span.count, to);
  }
}

#if LANES == 16
#define INTERLEAVED_LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define INTERLEAVED_HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif LANES == 8
#define INTERLEAVED_LOW 0, 8, 1, 9, 2, 10, 3, 11
#define INTERLEAVED_HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define INTERLEAVED_LOW 0, 4, 1, 5
#define INTERLEAVED_HIGH 2, 6, 3, 7
#endif

/* Rows become columns: interleaving the first half with the second one rotates the bits of a place
 * by one, so after as many turns as a row has bits, row and column have changed places. */
INLINE void transpose(lanes x[LANES]) {
  UNROLL for (size_t turn = 1; turn < LANES; turn *= 2) {
    lanes y[LANES];
    UNROLL for (size_t k = 0; k < LANES / 2; k++) {
      y[2 * k] = __builtin_shufflevector(x[k], x[k + LANES / 2], INTERLEAVED_LOW);
      y[2 * k + 1] = __builtin_shufflevector(x[k], x[k + LANES / 2], INTERLEAVED_HIGH);
    }
    UNROLL for (size_t k = 0; k < LANES; k++) x[k] = y[k];
  }
}

/* LANES channels at once, like `stage_channel`. */
INLINE void stage_channels(
    const pc_convolution *c, const pc_picture *part, const pc_arithmetic arithmetic,
    const char *pixels, size_t pitch, const pc_row_layout *l, float *planes) {
  const size_t stride = c->stride[1], size = pc_number_size(arithmetic);
  for (size_t phase = 0; phase < stride; phase++, planes += l->phase) {
    const filled_span span = filled_of_phase(c, part, phase);
    if (span.count == 0) continue;
    const int32_t *columns = part->column_places + span.place;
    for (size_t i = 0; i < span.count; i += LANES) {
      const size_t left = span.count - i, count = left < LANES ? left : LANES;
      lanes x[LANES];
      UNROLL for (size_t k = 0; k < LANES; k++) {
        const size_t column = (size_t)columns[(k < count ? i + k : i) * stride];
        x[k] = meant_lanes(arithmetic, pixels + column * pitch * size, part->zero_point);
      }
      transpose(x);
      float *to = planes + span.first + i;
      UNROLL for (size_t k = 0; k < LANES; k++, to += l->channel) {
        if (count == LANES) memcpy(to, x + k, sizeof *x);
        else memcpy(to, x + k, count * sizeof *to);
      }
    }
  }
}

/* Multiplies a plane with that of the mask, and rounds as pictures are. What a mask of 0 hides is
 * not used. */
INLINE void mask_channel(
    const pc_arithmetic arithmetic, const float *restrict mask, int32_t zero, size_t count,
    float *restrict plane) {
  for (size_t i = 0; i < count; i++) {
    float value = plane[i] * mask[i];
    if (arithmetic == PC_BF16) value = pc_bf16_value(pc_bf16_stored(value));
    if (arithmetic == PC_U8S8) value = (float)((int32_t)pc_u8_rounded(value, zero) - zero);
    plane[i] = mask[i] == 0 ? 0 : value;
  }
}

INLINE void stage_pixels(
    const pc_convolution *c, const pc_picture *part, const pc_arithmetic arithmetic, size_t line,
    const pc_row_layout *l, float *mask, float *planes) {
  const size_t pitch = part->pixel_stride, size = pc_number_size(arithmetic);
  const char *pixels = (const char *)part->pixels + line * pitch * size;
  if (part->mask) {
    memset(mask, 0, l->channel * sizeof *mask);
    stage_channel(c, part, PC_F32, (const char *)(part->mask + line), 1, l, mask);
  }
  const size_t channels = part->channels, together = channels < LANES ? 1 : LANES;
  for (size_t k = 0; k < channels; k += together) {
    /* The last group is whole too, and stages some channels once more. */
    const size_t first = k + together > channels ? channels - together : k;
    const char *from = pixels + first * size;
    float *to = planes + first * l->channel;
    if (together == 1) stage_channel(c, part, arithmetic, from, pitch, l, to);
    else stage_channels(c, part, arithmetic, from, pitch, l, to);
  }
  for (size_t k = 0; part->mask && k < channels; k++, planes += l->channel)
    mask_channel(arithmetic, mask, part->zero_point, l->channel, planes);
}

/* Stages row `place` of the bordered picture; `mask` is room for a channel. */
static void stage_row(
    const pc_row_convolution *task, const pc_picture *part, size_t image, size_t place,
    const pc_row_layout *l, float *mask, float *planes) {
  const pc_convolution *c = task->convolution;
  memset(planes, 0, part->channels * l->channel * sizeof *planes);
  const int32_t row = part->row_places[place];
  if (row < 0) return;
  const size_t line = image * part->height * part->width + (size_t)row;
  switch (task->arithmetic) {
    case PC_F32: return stage_pixels(c, part, PC_F32, line, l, mask, planes);
    case PC_BF16: return stage_pixels(c, part, PC_BF16, line, l, mask, planes);
    case PC_U8S8: return stage_pixels(c, part, PC_U8S8, line, l, mask, planes);
  }
}
