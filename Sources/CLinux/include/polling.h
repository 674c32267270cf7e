#pragma once

#include <poll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ppoll(2), which glibc declares for GNU sources only: waits in nanoseconds, where poll(2) knows milliseconds. As poll(2)
   otherwise. */
static inline int surplus_poll(struct pollfd *descriptors, nfds_t count, long nanoseconds) {
    struct timespec patience = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return (int)syscall(SYS_ppoll, descriptors, count, &patience, NULL, 0);
}
