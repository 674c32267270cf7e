#pragma once

#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setattr(2), for which glibc has no wrapper before 2.41: gives the calling thread an ordinary policy and this niceness,
   neither of which the threads and processes that it starts inherit (SCHED_FLAG_RESET_ON_FORK). Returns 0, or -1 with errno
   set. */
static inline int surplus_set_own_niceness(int niceness) {
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t niceness;
        uint32_t priority;
        uint64_t runtime, deadline, period;
    } attributes = {.size = sizeof attributes, .flags = 1, .niceness = niceness};
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/* mlockall(2): every page that the process has in memory now, or takes into it later, stays there. Returns 0, or -1 with errno
   set. */
static inline int surplus_keep_in_memory(void) {
    return mlockall(MCL_CURRENT | MCL_FUTURE | 4 /* MCL_ONFAULT, which glibc shows only with _GNU_SOURCE */);
}
