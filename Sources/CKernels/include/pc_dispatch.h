#ifndef PC_DISPATCH_H
#define PC_DISPATCH_H

#include "pc_tile.h"

/* Whether this processor and its operating system run the instruction set `isa` of a kernel row. */
int pc_isa_is_supported(const char *isa);

/* The rows of a family, best first; the scalar row is last. A set that extends another is named
 * after it, so that its name begins with the other's. */
const pc_tile_kernel *pc_igemm_kernels(size_t *count);
const pc_tile_kernel *pc_bf16_igemm_kernels(size_t *count);
const pc_tile_kernel *pc_u8s8_igemm_kernels(size_t *count);
const pc_tile_kernel *pc_dot_kernels(size_t *count);

/* Tells the processor that this thread is polling. */
void pc_pause(void);

/* Lets no later store be seen before those that went past the caches. */
void pc_store_fence(void);

/* Processors that the scheduler lets this process run on. */
long pc_processor_count(void);

/* Bytes of memory that the machine has. */
long pc_physical_memory_size(void);

/* Seconds of processor time that all threads of this process have used. */
double pc_process_seconds(void);

#endif
