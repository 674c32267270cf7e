#pragma once

#include <seccomp.h>

/* SCMP_ACT_ERRNO, a macro that Swift does not import: the call fails with this error number and is not made. */
static inline uint32_t surplus_refusal(int number) { return SCMP_ACT_ERRNO(number); }
