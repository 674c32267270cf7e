#pragma once

#include <sys/prctl.h>
#include <unistd.h>

/* fork(2), which Swift hides because the child of a program with threads may do almost nothing before it execs. Only for a
   process that has a single thread. */
static inline pid_t surplus_fork(void) { return fork(); }

/* prctl(2) is variadic, which Swift cannot call: descendants whose parent has ended become children of the calling process. */
static inline int surplus_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }
