#pragma once

#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* memfd_create(2), which glibc shows only with _GNU_SOURCE: a file without a name, closed on exec. Returns a descriptor, or -1
   with errno set. */
static inline int surplus_memory_file(const char *name) { return (int)syscall(SYS_memfd_create, name, 1U); }
