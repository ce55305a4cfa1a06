#pragma once
#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libpng reports errors by longjmp, which must not cross Swift frames. Each call below opens, uses
   and closes its own libpng object, keeps setjmp and everything it can jump over inside C, and
   returns 1, or 0 with libpng's words in `message` (PC_PNG_MESSAGE_SIZE bytes).

   Bytes come from memory. Samples are uint16_t in C order [height, width, channels], holding
   0...255 or 0...65535; libpng is asked for no gamma or colour conversion, so they are the file's
   own.
   The local variables that change between setjmp and longjmp are those whose address libpng holds,
   so none needs to be volatile. */

enum { PC_PNG_MESSAGE_SIZE = 256 };

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
  uint32_t bit_depth;
} pc_png_header;

typedef struct {
  const uint8_t *bytes;
  size_t count;
} pc_png_source;

typedef struct {
  uint8_t *bytes;
  size_t count;
  size_t capacity;
} pc_png_output;

static inline void pc_png_fail(png_structp png, png_const_charp text) {
  char *message = (char *)png_get_error_ptr(png);
  strncpy(message, text, PC_PNG_MESSAGE_SIZE - 1);
  png_longjmp(png, 1);
}

static inline void pc_png_ignore_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static inline void pc_png_take(png_structp png, png_bytep destination, size_t count) {
  pc_png_source *source = (pc_png_source *)png_get_io_ptr(png);
  if (count > source->count) png_error(png, "the file ends too early");
  memcpy(destination, source->bytes, count);
  source->bytes += count;
  source->count -= count;
}

static inline void pc_png_append(png_structp png, png_bytep bytes, size_t count) {
  pc_png_output *output = (pc_png_output *)png_get_io_ptr(png);
  if (count > output->capacity - output->count) {
    const size_t capacity = 2 * output->capacity + count;
    uint8_t *grown = (uint8_t *)realloc(output->bytes, capacity);
    if (grown == NULL) png_error(png, "out of memory");
    output->bytes = grown;
    output->capacity = capacity;
  }
  memcpy(output->bytes + output->count, bytes, count);
  output->count += count;
}

static inline void pc_png_give_profile(
    png_structp png, png_infop info, pc_png_output *profile) {
  png_charp name = NULL;
  png_bytep bytes = NULL;
  png_uint_32 count = 0;
  int compression = 0;
  if (png_get_iCCP(png, info, &name, &compression, &bytes, &count) == 0) return;
  profile->bytes = (uint8_t *)malloc(count);
  if (profile->bytes == NULL) png_error(png, "out of memory");
  memcpy(profile->bytes, bytes, count);
  profile->count = count;
}

static inline void pc_png_flush(png_structp png) { (void)png; }

/* Reads up to the first IDAT. Chunks other than IHDR, PLTE, tRNS, iCCP, IDAT and IEND are skipped.
   The caller caps the size, so libpng's own limits are lifted. */
static inline pc_png_header pc_png_begin(png_structp png, png_infop info, pc_png_source *source) {
  png_set_read_fn(png, source, pc_png_take);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
  png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_AS_DEFAULT, (png_const_bytep) "iCCP", 1);
  png_read_info(png, info);
  const png_byte type = png_get_color_type(png, info);
  const int has_alpha =
      (type & PNG_COLOR_MASK_ALPHA) != 0 || png_get_valid(png, info, PNG_INFO_tRNS) != 0;
  const pc_png_header header = {
      .width = png_get_image_width(png, info),
      .height = png_get_image_height(png, info),
      .channels = ((type & PNG_COLOR_MASK_COLOR) != 0 ? 3u : 1u) + (has_alpha ? 1u : 0u),
      .bit_depth = png_get_bit_depth(png, info) == 16 ? 16 : 8,
  };
  return header;
}

/* The header of the samples that pc_png_decode would give; allocates nothing that grows with
   them. */
static inline __attribute__((noinline)) int pc_png_read_header(
    const uint8_t *bytes, size_t count, pc_png_header *header, char *message) {
  pc_png_source source = {bytes, count};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, message, pc_png_fail, pc_png_ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  *header = pc_png_begin(png, info, &source);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

/* libpng leaves 8-bit samples in the second half of the row, big-endian 16-bit samples in all of
   it. Sample i is written to bytes 2i and 2i+1, never beyond the byte that sample i was read
   from. */
static inline void pc_png_widen(uint16_t *row, size_t count, uint32_t bit_depth) {
  const uint8_t *bytes = (const uint8_t *)row;
  for (size_t i = 0; i < count; i++) {
    row[i] = bit_depth == 8 ? bytes[count + i]
                            : (uint16_t)((uint16_t)bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
}

/* Decodes to `samples`, which has room for the samples of `header`, as pc_png_read_header gave it.
   Gives the ICC profile, if there is a sound one; the caller frees profile->bytes, also after a
   failure. */
static inline __attribute__((noinline)) int pc_png_decode(
    const uint8_t *bytes, size_t count, pc_png_header header, uint16_t *samples,
    pc_png_output *profile, char *message) {
  pc_png_source source = {bytes, count};
  png_structp png =
      png_create_read_struct(PNG_LIBPNG_VER_STRING, message, pc_png_fail, pc_png_ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (info == NULL || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, &info, NULL);
    return 0;
  }
  const pc_png_header found = pc_png_begin(png, info, &source);
  pc_png_give_profile(png, info, profile);
  png_set_expand(png);
  const int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  const size_t row_samples = (size_t)header.width * header.channels;
  if (memcmp(&found, &header, sizeof header) != 0 ||
      png_get_rowbytes(png, info) != row_samples * (header.bit_depth / 8)) {
    png_error(png, "the expanded rows do not match the header");
  }
  const size_t offset = header.bit_depth == 8 ? row_samples : 0;
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t y = 0; y < header.height; y++) {
      png_read_row(png, (uint8_t *)(samples + y * row_samples) + offset, NULL);
    }
  }
  png_read_end(png, NULL);
  for (uint32_t y = 0; y < header.height; y++) {
    pc_png_widen(samples + y * row_samples, row_samples, header.bit_depth);
  }
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

static inline void pc_png_narrow(
    const uint16_t *samples, size_t count, uint32_t bit_depth, uint8_t *row) {
  for (size_t i = 0; i < count; i++) {
    if (bit_depth == 8) {
      row[i] = (uint8_t)samples[i];
    } else {
      row[2 * i] = (uint8_t)(samples[i] >> 8);
      row[2 * i + 1] = (uint8_t)samples[i];
    }
  }
}

/* Appends a PNG file to `output`; the caller frees output->bytes, also after a failure. An ICC
   profile that libpng finds fault with is left out. */
static inline __attribute__((noinline)) int pc_png_encode(
    pc_png_header header, const uint16_t *samples, const uint8_t *profile, size_t profile_size,
    pc_png_output *output, char *message) {
  const int types[] = {
      PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGB_ALPHA};
  const size_t row_samples = (size_t)header.width * header.channels;
  uint8_t *row = (uint8_t *)malloc(row_samples * (header.bit_depth / 8));
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, message, pc_png_fail, pc_png_ignore_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  if (row == NULL || info == NULL || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    free(row);
    return 0;
  }
  png_set_write_fn(png, output, pc_png_append, pc_png_flush);
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(
      png, info, header.width, header.height, (int)header.bit_depth, types[header.channels - 1],
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (profile_size > 0) {
    png_set_benign_errors(png, 1);
    png_set_iCCP(
        png, info, "ICC profile", PNG_COMPRESSION_TYPE_BASE, profile, (png_uint_32)profile_size);
  }
  png_write_info(png, info);
  for (uint32_t y = 0; y < header.height; y++) {
    pc_png_narrow(samples + y * row_samples, row_samples, header.bit_depth, row);
    png_write_row(png, row);
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  free(row);
  return 1;
}
