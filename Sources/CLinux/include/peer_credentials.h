#pragma once

#include <sys/types.h>

/* What SO_PEERCRED answers (struct ucred, which glibc shows only with _GNU_SOURCE). */
struct surplus_peer_credentials {
    pid_t pid;
    uid_t uid;
    gid_t gid;
};
