#pragma once

#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ioctl(2) is variadic, which Swift cannot call: everything that will be made in a directory belongs to a project, as the
   directory itself. Returns 0, or -1 with errno set. */
static inline int surplus_set_project(int directory, unsigned int project) {
    struct fsxattr attributes;
    if (ioctl(directory, FS_IOC_FSGETXATTR, &attributes) != 0) return -1;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return ioctl(directory, FS_IOC_FSSETXATTR, &attributes);
}

/* quotactl_fd(2) with Q_XSETQLIM, since Linux 5.14: how much a project may keep on the file system of an open file, in blocks of
   512 bytes, and in how many files; 0 for without limit. Returns 0, or -1 with errno set. */
static inline int surplus_limit_project(int file, unsigned int project, unsigned long long blocks, unsigned long long files) {
    enum { project_quotas = 2, set_limits = ('X' << 8) + 4 };
    struct fs_disk_quota quota = {
        .d_version = FS_DQUOT_VERSION, .d_flags = FS_PROJ_QUOTA, .d_fieldmask = FS_DQ_BHARD | FS_DQ_IHARD, .d_id = project,
        .d_blk_hardlimit = blocks, .d_ino_hardlimit = files,
    };
    return (int)syscall(SYS_quotactl_fd, file, set_limits << 8 | project_quotas, project, &quota);
}
