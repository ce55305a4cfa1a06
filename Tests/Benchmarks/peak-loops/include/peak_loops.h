#ifndef PEAK_LOOPS_H
#define PEAK_LOOPS_H

#include <stddef.h>

/* Runs `rounds` rounds of the multiply-add instruction of the set `isa` on independent registers
 * and returns the multiply-adds that were done; 0 where there is no such loop. */
size_t peak_loop_run(const char *isa, size_t rounds);

#endif
