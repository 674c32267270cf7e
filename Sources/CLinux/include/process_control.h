#pragma once

#include <linux/ioprio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ioprio_set(2), for which glibc has no wrapper: puts the calling process into the idle class, so that its disk requests are
   served when nobody else has any. Returns 0, or -1 with errno set. */
static inline int surplus_become_io_idle(void) {
    return (int)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 7));
}

/* close_range(2) with CLOSE_RANGE_CLOEXEC: no descriptor from `first` on outlives the next exec. */
static inline int surplus_close_on_exec_from(unsigned int first) {
    return (int)syscall(SYS_close_range, first, ~0U, 1U << 2);
}

/* prctl(2) is variadic, which Swift cannot call: the process and its children can never gain privileges by exec. */
static inline int surplus_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); }
