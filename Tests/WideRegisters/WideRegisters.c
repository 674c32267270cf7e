#define _GNU_SOURCE
#include "WideRegisters.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

typedef long call(enum __ptrace_request, ...);

// Sets a part of the registers, from the first on; the rest stays as it is.
static long set_part(call *real, pid_t process, const struct iovec *part) {
    static char bytes[1 << 16] __attribute__((aligned(64)));
    struct iovec whole = {bytes, sizeof bytes};
    if (real(PTRACE_GETREGSET, process, (void *)NT_X86_XSTATE, &whole) != 0) return -1;
    if (whole.iov_len <= part->iov_len) {
        errno = EFAULT;
        return -1;
    }
    memcpy(bytes, part->iov_base, part->iov_len);
    return real(PTRACE_SETREGSET, process, (void *)NT_X86_XSTATE, &whole);
}

long ptrace(enum __ptrace_request request, ...) {
    static call *real;
    if (!real) real = (call *)dlsym(RTLD_NEXT, "ptrace");
    va_list list;
    va_start(list, request);
    pid_t process = va_arg(list, pid_t);
    void *address = va_arg(list, void *);
    void *data = va_arg(list, void *);
    va_end(list);
    long result = real(request, process, address, data);
    if (result == 0 || errno != EFAULT || request != PTRACE_SETREGSET || address != (void *)NT_X86_XSTATE) return result;
    return set_part(real, process, data);
}
