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

/* One channel of the stored row that begins at `pixels`, whose pixels lie `pitch` numbers apart:
 * its phases, within a border that is left as it is. */
INLINE void stage_channel(
    const pc_convolution *c, const pc_picture *part, const pc_arithmetic arithmetic,
    const char *pixels, size_t pitch, const pc_row_layout *l, float *plane) {
  const size_t stride = c->stride[1], border = c->padding[1], places = pc_place_count(c, 1);
  const size_t reach = border + part->width * part->upsampling;
  const size_t end = places < reach ? places : reach;
  const int32_t *columns = part->column_places, zero = part->zero_point;
  for (size_t phase = 0; phase < stride && phase < end; phase++, plane += l->phase) {
    const size_t first = phase < border ? (border - phase + stride - 1) / stride : 0;
    const size_t place = phase + first * stride;
    if (place >= end) continue;
    const size_t count = (end - place + stride - 1) / stride, step = stride * pitch;
    const char *from = pixels + (place - border) * pitch * pc_number_size(arithmetic);
    if (part->upsampling > 1)
      for (size_t i = 0; i < count; i++)
        plane[first + i] =
            meant(arithmetic, pixels, (size_t)columns[place + i * stride] * pitch, zero);
    else if (step == 1) copy_numbers(arithmetic, from, 1, zero, count, plane + first);
    else if (step == 3) copy_numbers(arithmetic, from, 3, zero, count, plane + first);
    else copy_numbers(arithmetic, from, step, zero, count, plane + first);
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
  for (size_t k = 0; k < part->channels; k++, pixels += size, planes += l->channel) {
    stage_channel(c, part, arithmetic, pixels, pitch, l, planes);
    if (part->mask) mask_channel(arithmetic, mask, part->zero_point, l->channel, planes);
  }
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
