#ifndef CROSS_TESTS_H
#define CROSS_TESTS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"

/* Proof of the C kernels on processors that no test machine has: a plain program that runs under an
 * emulator. Everything is compared with loops over doubles.
 *
 * A result may differ by 2^-22 (sqrt(depth) + 2) of the sum of the magnitudes of its terms, where
 * depth is the number of products; one that has no terms must be 0. Bits must not depend on where a
 * pixel lies in a tile. */

/* What happened to one row of a table, or to one plain function. */
typedef struct {
  const char *name;
  long cases;
  long values;
  long wrong;
  double largest;
  double largest_share;
} report;

/* A sum and the sum of the magnitudes of its terms. */
typedef struct {
  double value;
  double magnitude;
} quantity;

quantity plus(quantity sum, double term);
quantity times(quantity sum, double factor);
quantity activated(quantity sum, pc_activation activation, double slope);

/* Compares a result of `depth` products, and counts it. */
void check(report *r, float actual, quantity expected, size_t depth, const char *what);

/* Counts a comparison without tolerance. */
void check_that(report *r, int holds, const char *what);

/* A linear congruential generator: the same numbers on every machine. */
void seed(uint64_t value);
size_t pick(size_t count);
float uniform(void);

/* Memory that ends where the process may not read or write, until `release` frees all of it. */
void *guarded(size_t bytes);
float *guarded_floats(size_t count);
/* Filled with numbers of -1...1. */
float *random_floats(size_t count);
/* f32 or bf16 numbers of -1...1, or any bytes. */
char *random_numbers(pc_arithmetic arithmetic, size_t count);
void release(void);

/* Weights [outputs][channels][taps] as the kernel wants them. */
const float *packed_weights(
    const pc_tile_kernel *kernel, const float *weights, size_t outputs, size_t channels,
    size_t taps);

void test_tiles(const pc_tile_kernel *kernel, report *r);
void test_convolutions(const pc_tile_kernel *kernel, size_t outputs_limit, report *r);
/* Tiles of bf16, or of u8 and i8. */
void test_narrow_tiles(const pc_tile_kernel *kernel, report *r);

/* Every row of the transforms. `wanted` names sets that must be among the tested ones. Prints
 * reports and returns the number of faults. */
long test_transforms(char *const *wanted, int wanted_count);

/* The weights of one form: `rows` are a row and the scalar one. */
void test_filters(
    const pc_transform_kernel *rows[2], size_t form, const pc_transform_form_size *size,
    size_t channels, report *r);

/* Values and transformed weights of u8 pictures and i8 weights. */
void test_rounding(
    const pc_transform_kernel *rows[2], const pc_transform_form_size *size, size_t channels,
    report *r);

/* The products of a row of the transforms. */
void test_multiply(const pc_transform_kernel *row, report *r);

/* Every row of the convolutions by rows, in the same way. */
long test_rows(char *const *wanted, int wanted_count);

/* The functions without a table, and the curves. Prints their reports and returns how many values
 * were wrong. */
long test_plain_functions(void);
void print_report(const char *isa, const report *r);

#endif
