#if defined(__linux__)
#define _GNU_SOURCE
#include <sched.h>
#endif
#include <time.h>
#include <unistd.h>

#include "pc_dispatch.h"

long pc_processor_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return sysconf(_SC_NPROCESSORS_ONLN);
}

long pc_physical_memory_size(void) { return sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE); }

double pc_process_seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}
