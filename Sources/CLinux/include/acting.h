#pragma once

#include <sys/syscall.h>
#include <unistd.h>

/* For the calling thread alone, which glibc does not offer. Whoever has a user's effective id has all rights in the user namespaces
   that this user has made, such as that to trace what is in them (user_namespaces(7)); files go on being opened as root. */
static inline int surplus_act_for(uid_t user) {
    if (syscall(SYS_setresuid, (uid_t)-1, user, (uid_t)-1) != 0) { return -1; }
    syscall(SYS_setfsuid, 0);
    return 0;
}

/* Ends that. */
static inline int surplus_act_for_self(void) { return (int)syscall(SYS_setresuid, (uid_t)-1, 0, (uid_t)-1); }
