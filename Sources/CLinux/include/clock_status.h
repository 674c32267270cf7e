#pragma once

#include <sys/timex.h>

/* Whether something keeps the system clock in step with others (adjtimex(2), which the Glibc overlay lacks): 1 or 0, or -1
   with errno set when the kernel does not tell. */
static inline int surplus_clock_is_synchronised(void) {
    struct timex state = {.modes = 0};
    int status = adjtimex(&state);
    return status < 0 ? -1 : status != TIME_ERROR;
}
