#include "pc_transform.h"

#define PC_BITS(...) {__VA_ARGS__}
#define PC_TRANSFORM_FORM(                                                                        \
    form, data, window_size, value_count, product_count, output_count, tap_count, bits, ...)      \
  {.name = #form,                                                                                 \
   .window = window_size,                                                                         \
   .values = value_count,                                                                         \
   .products = product_count,                                                                     \
   .outputs = output_count,                                                                       \
   .taps = tap_count,                                                                             \
   .products_of_output = bits,                                                                    \
   .value_of_product = {__VA_ARGS__}},
static const pc_transform_form_size forms[] = {
#include "transform_forms.inc"
};
#undef PC_TRANSFORM_FORM

const pc_transform_form_size *pc_transform_forms(size_t *count) {
  *count = sizeof forms / sizeof *forms;
  return forms;
}

#define PC_TRANSFORM_KERNEL(isa, symbol) &symbol,
static const pc_transform_kernel *const kernels[] = {
#include "transform.inc"
};
static const pc_transform_kernel *const bf16_kernels[] = {
#include "bf16_transform.inc"
};
static const pc_transform_kernel *const u8_kernels[] = {
#include "u8_transform.inc"
};
#undef PC_TRANSFORM_KERNEL

const pc_transform_kernel *const *pc_transform_kernels(size_t *count) {
  *count = sizeof kernels / sizeof *kernels;
  return kernels;
}

const pc_transform_kernel *const *pc_bf16_transform_kernels(size_t *count) {
  *count = sizeof bf16_kernels / sizeof *bf16_kernels;
  return bf16_kernels;
}

const pc_transform_kernel *const *pc_u8_transform_kernels(size_t *count) {
  *count = sizeof u8_kernels / sizeof *u8_kernels;
  return u8_kernels;
}
