/* The curves for one instruction set, whose file defines PC_CURVES_ISA and PC_CURVES_SYMBOL and
 * includes this; compilers vectorise the loops. */

#include "curves.h"
#include "pc_elementwise.h"

static void run_sigmoid(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = pc_sigmoid(x[i]);
}

static void run_tanh(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = pc_tanh(x[i]);
}

static void run_exponential(const float *x, float *y, size_t count) {
  for (size_t i = 0; i < count; i++) y[i] = pc_exponential(x[i]);
}

#define PC_NAME(symbol) #symbol
#define PC_NAME_OF(symbol) PC_NAME(symbol)

const pc_curve_kernel PC_CURVES_SYMBOL = {
    PC_CURVES_ISA, PC_NAME_OF(PC_CURVES_SYMBOL), run_sigmoid, run_tanh, run_exponential};
