#pragma once

#include <spawn.h>

/* What glibc shows of posix_spawn(3) only with _GNU_SOURCE. */

/* POSIX_SPAWN_SETSID: the new process begins a session of its own. */
enum { SURPLUS_SPAWN_SETSID = 0x80 };

extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

/* The new process has no descriptors from `from` on. Returns 0 or an error number. */
static inline int surplus_spawn_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

/* The new process begins in `path`. Returns 0 or an error number. */
static inline int surplus_spawn_change_directory(posix_spawn_file_actions_t *actions, const char *path) {
    return posix_spawn_file_actions_addchdir_np(actions, path);
}
