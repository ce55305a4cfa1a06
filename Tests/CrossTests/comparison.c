#include <stdio.h>

#include "cross_tests.h"

quantity plus(quantity sum, double term) {
  return (quantity){sum.value + term, sum.magnitude + fabs(term)};
}

quantity times(quantity sum, double factor) {
  return (quantity){sum.value * factor, sum.magnitude * fabs(factor)};
}

quantity activated(quantity sum, pc_activation activation, double slope) {
  const double y = sum.value;
  switch (activation) {
    case PC_ACTIVATION_NONE: return sum;
    case PC_ACTIVATION_RELU: return (quantity){y < 0 ? 0 : y, sum.magnitude};
    case PC_ACTIVATION_LEAKY_RELU: return (quantity){y < 0 ? slope * y : y, sum.magnitude};
    case PC_ACTIVATION_SIGMOID: return (quantity){1 / (1 + exp(-y)), sum.magnitude + 1};
    case PC_ACTIVATION_TANH: return (quantity){tanh(y), sum.magnitude + 1};
  }
  return sum;
}

static void complain(report *r, const char *what) {
  enum { COMPLAINTS = 5 };
  if (r->wrong++ < COMPLAINTS) printf("  %s: %s\n", r->name, what);
}

void check(report *r, float actual, quantity expected, size_t depth, const char *what) {
  const double difference = fabs((double)actual - expected.value);
  const double tolerance = 0x1p-22 * (sqrt((double)depth) + 2) * expected.magnitude;
  r->values++;
  if (!(difference <= tolerance)) {
    char text[200];
    snprintf(
        text, sizeof text, "%s gives %.9g instead of %.9g", what, (double)actual, expected.value);
    complain(r, text);
  } else if (difference > 0) {
    r->largest = fmax(r->largest, difference / expected.magnitude);
    r->largest_share = fmax(r->largest_share, difference / tolerance);
  }
}

void check_that(report *r, int holds, const char *what) {
  r->values++;
  if (!holds) complain(r, what);
}

void print_report(const char *isa, const report *r) {
  printf(
      "%-10s %-38s %5ld cases, %7ld values, %ld wrong; largest error %.2g, %.2g of tolerance\n",
      isa, r->name, r->cases, r->values, r->wrong, r->largest, r->largest_share);
}
