#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cross_tests.h"

/* Tests every row of every table that this processor runs, then the functions without a table.
 * Arguments are instruction sets that must be among the tested ones in every family. Exit status 1
 * when a value is wrong or a wanted set was not tested. */

typedef struct {
  const char *name;
  const pc_tile_kernel *(*rows)(size_t *count);
  /* Whether one block of output channels is all that the family computes. */
  int has_one_block;
  /* Of numbers of fewer bits. */
  int is_narrow;
} family;

static const family families[] = {
    {"igemm", pc_igemm_kernels, 0, 0},
    {"dot", pc_dot_kernels, 1, 0},
    {"bf16 igemm", pc_bf16_igemm_kernels, 0, 1},
    {"u8s8 igemm", pc_u8s8_igemm_kernels, 0, 1},
};

static const char *current;

static void stop(int number) {
  static const char text[] = " reads or writes beyond an array\n";
  (void)number;
  const ssize_t written =
      write(1, current, strlen(current)) + write(1, text, sizeof text - 1);
  _exit(written > 0 ? 1 : 2);
}

static long test_row(const family *f, const pc_tile_kernel *kernel) {
  report r = {.name = kernel->name};
  current = kernel->name;
  if (f->is_narrow) {
    test_narrow_tiles(kernel, &r);
  } else {
    test_tiles(kernel, &r);
    test_convolutions(kernel, f->has_one_block ? kernel->columns : SIZE_MAX, &r);
  }
  print_report(kernel->isa, &r);
  return r.wrong;
}

static long test_family(const family *f) {
  size_t count;
  const pc_tile_kernel *rows = f->rows(&count);
  long wrong = 0;
  for (size_t i = 0; i < count; i++) {
    if (pc_isa_is_supported(rows[i].isa))
      wrong += test_row(f, rows + i);
    else
      printf("%-10s %-38s not tested: this processor lacks it\n", rows[i].isa, rows[i].name);
  }
  return wrong;
}

static int was_tested(const family *f, const char *isa) {
  size_t count;
  const pc_tile_kernel *rows = f->rows(&count);
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].isa, isa) == 0 && pc_isa_is_supported(isa)) return 1;
  return 0;
}

static long count_untested(const family *f, int argc, char **argv) {
  long untested = 0;
  for (int i = 1; i < argc; i++) {
    if (was_tested(f, argv[i])) continue;
    printf("%s: no row of the wanted set %s was tested\n", f->name, argv[i]);
    untested++;
  }
  return untested;
}

int main(int argc, char **argv) {
  long faults = 0;
  setvbuf(stdout, NULL, _IOLBF, 0);
  signal(SIGSEGV, stop);
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    faults += test_family(families + i);
    faults += count_untested(families + i, argc, argv);
  }
  current = "a row of pixels";
  faults += test_rows(argv + 1, argc - 1);
  current = "a transform or a plain function";
  faults += test_transforms(argv + 1, argc - 1);
  faults += test_plain_functions();
  printf("%ld faults\n", faults);
  return faults ? 1 : 0;
}
