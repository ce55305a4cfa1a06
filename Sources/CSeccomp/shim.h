#pragma once
#include <errno.h>
#include <seccomp.h>
#include <spawn.h>

// SCMP_ACT_ERRNO is a macro with an argument, which Swift does not import.
static inline uint32_t pc_seccomp_deny(void) { return SCMP_ACT_ERRNO(EPERM); }

// The C library declares these under _GNU_SOURCE only, without which Swift imports it.
int memfd_create(const char *name, unsigned int flags);
int pipe2(int ends[2], int flags);
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
