#define _GNU_SOURCE
#include "CCalls.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

int calls_unshare_directory(void) { return unshare(CLONE_FS); }

int calls_become(uid_t user, gid_t group, const gid_t *groups, size_t count) {
    if (calls_become_root() != 0) { return -1; }
    if (syscall(SYS_setgroups, count, groups) != 0) { return -1; }
    if (syscall(SYS_setresgid, group, group, (gid_t)0) != 0) { return -1; }
    return (int)syscall(SYS_setresuid, user, user, (uid_t)0);
}

int calls_become_root(void) {
    if (syscall(SYS_setresuid, (uid_t)-1, (uid_t)0, (uid_t)-1) != 0) { return -1; }
    if (syscall(SYS_setresuid, (uid_t)0, (uid_t)0, (uid_t)0) != 0) { return -1; }
    if (syscall(SYS_setresgid, (gid_t)0, (gid_t)0, (gid_t)0) != 0) { return -1; }
    return (int)syscall(SYS_setgroups, (size_t)0, NULL);
}

int calls_renameat2(const char *from, const char *to, unsigned flags) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, flags);
}

int calls_fallocate(int file, int mode, off_t offset, off_t length) { return fallocate(file, mode, offset, length); }

ssize_t calls_copy_file_range(int from, off_t from_offset, int to, off_t to_offset, size_t length) {
    return copy_file_range(from, &from_offset, to, &to_offset, length, 0);
}

int calls_setxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    return setxattr(path, name, value, size, flags);
}

int calls_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags) {
    return lsetxattr(path, name, value, size, flags);
}

ssize_t calls_getxattr(const char *path, const char *name, void *value, size_t size) {
    return getxattr(path, name, value, size);
}

ssize_t calls_lgetxattr(const char *path, const char *name, void *value, size_t size) {
    return lgetxattr(path, name, value, size);
}

ssize_t calls_listxattr(const char *path, char *list, size_t size) { return listxattr(path, list, size); }

int calls_removexattr(const char *path, const char *name) { return removexattr(path, name); }

const char *calls_error_name(int number) { return strerrorname_np(number); }

const int calls_O_PATH = O_PATH, calls_O_TMPFILE = O_TMPFILE, calls_O_DIRECT = O_DIRECT, calls_O_NOATIME = O_NOATIME;
