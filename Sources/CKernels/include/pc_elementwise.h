#ifndef PC_ELEMENTWISE_H
#define PC_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

/* Functions of each element. The output may be the input. NaN stays NaN. */
void pc_f32_relu(const float *x, float *y, size_t count);
void pc_f32_leaky_relu(const float *x, float *y, size_t count, float slope);
void pc_f32_clip(const float *x, float *y, size_t count, float minimum, float maximum);

/* The same of curves, within 3 units in the last place; every row gives the same bits. */
typedef struct {
  const char *isa;
  const char *name;
  void (*sigmoid)(const float *x, float *y, size_t count);
  void (*tanh)(const float *x, float *y, size_t count);
  void (*exponential)(const float *x, float *y, size_t count);
} pc_curve_kernel;

#define PC_CURVE_KERNEL(symbol) extern const pc_curve_kernel symbol;
#include "curves.inc"
#undef PC_CURVE_KERNEL

/* The rows of the family, best first; the scalar row is last. */
const pc_curve_kernel *const *pc_curve_kernels(size_t *count);

/* The row of the set `isa`, or of the one that it extends. */
const pc_curve_kernel *pc_curves_of(const char *isa);

/* To and from numbers of fewer bits. bf16 is rounded to nearest even; u8 means scale * (q -
 * zero_point) and is x * `reciprocal`, rounded to even, plus `zero_point`, in 0...255, 0 for NaN.
 * */
void pc_f32_to_bf16(const float *x, uint16_t *y, size_t count);
void pc_f32_to_u8(
    const float *x, uint8_t *y, size_t count, float reciprocal, int32_t zero_point);
void pc_bf16_to_f32(const uint16_t *x, float *y, size_t count);
void pc_u8_to_f32(const uint8_t *x, float *y, size_t count, float scale, int32_t zero_point);

/* Functions of two rows of `count`; a step of 0 repeats the first element, 1 walks. The output may
 * be a walked input. */
typedef enum {
  PC_BINARY_ADD,
  PC_BINARY_SUBTRACT,
  PC_BINARY_MULTIPLY,
  PC_BINARY_DIVIDE
} pc_binary;

void pc_f32_binary(
    pc_binary operation, const float *a, size_t a_step, const float *b, size_t b_step, float *y,
    size_t count);
void pc_f32_equal(
    const float *a, size_t a_step, const float *b, size_t b_step, uint8_t *y, size_t count);
void pc_f32_select(
    const uint8_t *condition, size_t condition_step, const float *a, size_t a_step,
    const float *b, size_t b_step, float *y, size_t count);

#endif
