#pragma once

#include <dirent.h>
#include <stddef.h>
#include <sys/types.h>

/* System calls that the Glibc overlay lacks, for tests of file systems. Each returns -1 with errno set when it fails. */

/* From now on the calling thread has a working directory and a umask of its own. */
int calls_unshare_directory(void);

/* For the calling thread alone, which glibc does not offer: who it is, beside the right to become root again. */
int calls_become(uid_t user, gid_t group, const gid_t *groups, size_t count);
int calls_become_root(void);

int calls_renameat2(const char *from, const char *to, unsigned flags);
int calls_fallocate(int file, int mode, off_t offset, off_t length);
ssize_t calls_copy_file_range(int from, off_t from_offset, int to, off_t to_offset, size_t length);

int calls_setxattr(const char *path, const char *name, const void *value, size_t size, int flags);
int calls_lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags);
ssize_t calls_getxattr(const char *path, const char *name, void *value, size_t size);
ssize_t calls_lgetxattr(const char *path, const char *name, void *value, size_t size);
ssize_t calls_listxattr(const char *path, char *list, size_t size);
int calls_removexattr(const char *path, const char *name);

/* Such as "ENOENT"; a null pointer for what is no error. */
const char *calls_error_name(int number);

/* What fcntl.h has for _GNU_SOURCE alone. */
extern const int calls_O_PATH, calls_O_TMPFILE, calls_O_DIRECT, calls_O_NOATIME;
