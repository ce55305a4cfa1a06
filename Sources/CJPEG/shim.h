#pragma once
#include <stdio.h>
#include <jpeglib.h>
#include <jerror.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* libjpeg reports errors through a callback that must not return, so it longjmps, which must not
   cross Swift frames. Each call below opens, uses and closes its own libjpeg object, keeps setjmp
   and everything it can jump over inside C, and returns a pc_jpeg_status with libjpeg's words in
   `message` (JMSG_LENGTH_MAX bytes). Samples are uint16_t in C order [height, width, channels],
   holding 0...255. The local variables that change between setjmp and longjmp are those whose
   address libjpeg holds, so none needs to be volatile. */

typedef enum {
  PC_JPEG_OK,
  PC_JPEG_CORRUPT,
  PC_JPEG_UNSUPPORTED,
  PC_JPEG_TOO_MANY_SCANS
} pc_jpeg_status;

/* Scans a progressive file may have; without a cap a small file can ask for hours of work. */
enum { PC_JPEG_MAXIMUM_SCANS = 100, PC_JPEG_MESSAGE_SIZE = JMSG_LENGTH_MAX };

typedef struct {
  uint32_t width;
  uint32_t height;
  uint32_t channels;
} pc_jpeg_header;

typedef struct {
  struct jpeg_error_mgr manager; /* first: libjpeg's pointer to it is cast to this struct */
  jmp_buf escape;
  char *message;
  pc_jpeg_status status;
} pc_jpeg_errors;

static inline pc_jpeg_status pc_jpeg_status_of(int error) {
  switch (error) {
  case JERR_BAD_PRECISION:
  case JERR_SOF_UNSUPPORTED:
  case JERR_ARITH_NOTIMPL:
  case JERR_CONVERSION_NOTIMPL:
  case JERR_COMPONENT_COUNT:
  case JERR_FRACT_SAMPLE_NOTIMPL:
  case JERR_CCIR601_NOTIMPL:
    return PC_JPEG_UNSUPPORTED;
  default:
    return PC_JPEG_CORRUPT;
  }
}

static inline void pc_jpeg_fail(j_common_ptr state) {
  pc_jpeg_errors *errors = (pc_jpeg_errors *)state->err;
  errors->manager.format_message(state, errors->message);
  errors->status = pc_jpeg_status_of(errors->manager.msg_code);
  longjmp(errors->escape, 1);
}

/* Damaged data is only a warning to libjpeg, which invents the missing pixels; here it fails. */
static inline void pc_jpeg_note(j_common_ptr state, int level) {
  const int code = state->err->msg_code;
  if (level >= 0 || code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM ||
      code == JWRN_JFIF_MAJOR || code == JWRN_BOGUS_ICC) {
    return;
  }
  pc_jpeg_fail(state);
}

static inline void pc_jpeg_limit_scans(j_common_ptr state) {
  if (((j_decompress_ptr)state)->input_scan_number <= PC_JPEG_MAXIMUM_SCANS) return;
  pc_jpeg_errors *errors = (pc_jpeg_errors *)state->err;
  errors->status = PC_JPEG_TOO_MANY_SCANS;
  longjmp(errors->escape, 1);
}

static inline struct jpeg_error_mgr *pc_jpeg_prepare(pc_jpeg_errors *errors, char *message) {
  errors->message = message;
  jpeg_std_error(&errors->manager);
  errors->manager.error_exit = pc_jpeg_fail;
  errors->manager.emit_message = pc_jpeg_note;
  return &errors->manager;
}

static inline pc_jpeg_header pc_jpeg_begin(
    struct jpeg_decompress_struct *decoder, const uint8_t *bytes, size_t count) {
  jpeg_mem_src(decoder, bytes, count);
  jpeg_read_header(decoder, TRUE);
  if (decoder->jpeg_color_space == JCS_CMYK || decoder->jpeg_color_space == JCS_YCCK ||
      decoder->jpeg_color_space == JCS_UNKNOWN) {
    ERREXIT(decoder, JERR_CONVERSION_NOTIMPL);
  }
  const int is_grey = decoder->jpeg_color_space == JCS_GRAYSCALE;
  decoder->out_color_space = is_grey ? JCS_GRAYSCALE : JCS_RGB;
  decoder->dct_method = JDCT_ISLOW;
  const pc_jpeg_header header = {
      decoder->image_width, decoder->image_height, is_grey ? 1 : 3};
  return header;
}

/* The header of the samples that pc_jpeg_decode would give; allocates nothing that grows with
   them. CMYK and YCCK files, and colour spaces unknown to libjpeg, are unsupported. */
static inline __attribute__((noinline)) pc_jpeg_status pc_jpeg_read_header(
    const uint8_t *bytes, size_t count, pc_jpeg_header *header, char *message) {
  pc_jpeg_errors errors;
  struct jpeg_decompress_struct decoder;
  memset(&decoder, 0, sizeof decoder);
  decoder.err = pc_jpeg_prepare(&errors, message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&decoder);
    return errors.status;
  }
  jpeg_create_decompress(&decoder);
  *header = pc_jpeg_begin(&decoder, bytes, count);
  jpeg_destroy_decompress(&decoder);
  return PC_JPEG_OK;
}

/* The marker of the segments that hold an ICC profile (ICC.1:2022, B.4), and a segment's length. */
enum { PC_JPEG_PROFILE_MARKER = JPEG_APP0 + 2, PC_JPEG_LONGEST_SEGMENT = 0xFFFF };

/* Decodes to `samples`, which has room for the samples of `header`, as pc_jpeg_read_header gave it.
   Gives the ICC profile, if there is a whole one, in *profile, which the caller frees.
   libjpeg leaves a row in the second half of its place; sample i is written to bytes 2i and 2i+1,
   never beyond the byte that sample i was read from. */
static inline __attribute__((noinline)) pc_jpeg_status pc_jpeg_decode(
    const uint8_t *bytes, size_t count, pc_jpeg_header header, uint16_t *samples,
    uint8_t **profile, unsigned int *profile_size, char *message) {
  pc_jpeg_errors errors;
  struct jpeg_decompress_struct decoder;
  struct jpeg_progress_mgr progress;
  memset(&decoder, 0, sizeof decoder);
  memset(&progress, 0, sizeof progress);
  progress.progress_monitor = pc_jpeg_limit_scans;
  decoder.err = pc_jpeg_prepare(&errors, message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&decoder);
    return errors.status;
  }
  jpeg_create_decompress(&decoder);
  decoder.progress = &progress;
  jpeg_save_markers(&decoder, PC_JPEG_PROFILE_MARKER, PC_JPEG_LONGEST_SEGMENT);
  pc_jpeg_begin(&decoder, bytes, count);
  jpeg_read_icc_profile(&decoder, profile, profile_size);
  jpeg_start_decompress(&decoder);
  if (decoder.output_width != header.width || decoder.output_height != header.height ||
      (uint32_t)decoder.output_components != header.channels) {
    ERREXIT(&decoder, JERR_BAD_STATE);
  }
  const size_t row_samples = (size_t)header.width * header.channels;
  while (decoder.output_scanline < header.height) {
    uint16_t *widened = samples + decoder.output_scanline * row_samples;
    JSAMPROW row = (JSAMPROW)widened + row_samples;
    jpeg_read_scanlines(&decoder, &row, 1);
    for (size_t i = 0; i < row_samples; i++) widened[i] = row[i];
  }
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  return PC_JPEG_OK;
}

/* Writes a baseline JFIF file of 1 or 3 channels without chroma subsampling to *bytes, which the
   caller frees. `row` has room for width x channels bytes. */
static inline __attribute__((noinline)) pc_jpeg_status pc_jpeg_encode(
    pc_jpeg_header header, int quality, const uint16_t *samples, const uint8_t *profile,
    unsigned int profile_size, uint8_t *row, unsigned char **bytes, unsigned long *count,
    char *message) {
  pc_jpeg_errors errors;
  struct jpeg_compress_struct encoder;
  memset(&encoder, 0, sizeof encoder);
  encoder.err = pc_jpeg_prepare(&errors, message);
  if (setjmp(errors.escape)) {
    jpeg_destroy_compress(&encoder);
    return errors.status;
  }
  jpeg_create_compress(&encoder);
  jpeg_mem_dest(&encoder, bytes, count);
  encoder.image_width = header.width;
  encoder.image_height = header.height;
  encoder.input_components = (int)header.channels;
  encoder.in_color_space = header.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, quality, TRUE);
  encoder.comp_info[0].h_samp_factor = 1;
  encoder.comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(&encoder, TRUE);
  if (profile_size > 0) jpeg_write_icc_profile(&encoder, profile, profile_size);
  const size_t row_samples = (size_t)header.width * header.channels;
  while (encoder.next_scanline < header.height) {
    const uint16_t *wide = samples + encoder.next_scanline * row_samples;
    for (size_t i = 0; i < row_samples; i++) row[i] = (uint8_t)wide[i];
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  return PC_JPEG_OK;
}
