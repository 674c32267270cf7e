#pragma once

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* pidfd_open(2) and pidfd_send_signal(2): a process by descriptor, which is never another one that got its number later.
   glibc declares them since 2.36, in a header that Swift does not import. Return -1 with errno set on failure. */
static inline int surplus_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

static inline int surplus_pidfd_send_signal(int descriptor, int number) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0);
}
