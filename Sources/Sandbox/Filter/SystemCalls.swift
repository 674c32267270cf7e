/// The system calls by what guests have of them, by name: a name that a processor does not have is passed over.
enum SystemCalls {
    static let allowed: [String] = files + directories + memory + processes + signals + time + sockets + messages + system

    private static let files = [
        "access", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3",
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait",
        "epoll_wait_old", "eventfd", "eventfd2", "faccessat", "faccessat2", "fadvise64", "fadvise64_64", "fallocate",
        "fanotify_mark", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fcntl", "fcntl64", "fdatasync",
        "fgetxattr", "flistxattr", "flock", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs",
        "fstatfs64", "fsync", "ftruncate", "ftruncate64", "futimesat", "getxattr", "inotify_add_watch", "inotify_init",
        "inotify_init1", "inotify_rm_watch", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_setup", "io_submit",
        "ioctl", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listxattr", "llistxattr", "lremovexattr", "lseek",
        "lsetxattr", "lstat", "lstat64", "mknod", "mknodat", "newfstatat", "open", "openat", "openat2", "pipe", "pipe2", "poll",
        "ppoll", "pread64", "preadv", "preadv2", "pselect6", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink",
        "readlinkat", "readv", "removexattr", "rename", "renameat", "renameat2", "select", "sendfile", "sendfile64",
        "setxattr", "splice", "stat", "stat64", "statfs", "statfs64", "statx", "symlink", "symlinkat", "sync",
        "sync_file_range", "syncfs", "tee", "truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat",
        "utimes", "vmsplice", "write", "writev", "cachestat",
    ]

    private static let directories = ["chdir", "fchdir", "getcwd", "getdents", "getdents64", "mkdir", "mkdirat", "rmdir"]

    private static let memory = [
        "brk", "get_thread_area", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore", "mlock",
        "mlock2", "mlockall", "mmap", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc",
        "pkey_free", "pkey_mprotect", "process_mrelease", "remap_file_pages", "set_thread_area", "shmat", "shmctl", "shmdt",
        "shmget",
    ]

    private static let processes = [
        "arch_prctl", "capget", "capset", "execve", "execveat", "exit", "exit_group", "fork", "futex", "futex_requeue",
        "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "get_robust_list", "getegid", "geteuid", "getgid",
        "getgroups", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresuid", "getrlimit",
        "getrusage", "getsid", "gettid", "getuid", "ioprio_get", "ioprio_set", "landlock_add_rule", "landlock_create_ruleset",
        "landlock_restrict_self", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "rseq", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler",
        "sched_rr_get_interval", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
        "seccomp", "set_robust_list", "set_tid_address", "setfsgid", "setfsuid", "setgid", "setgroups", "setpgid",
        "setpriority", "setregid", "setresgid", "setresuid", "setreuid", "setrlimit", "setsid", "setuid", "vfork", "wait4",
        "waitid", "waitpid",
    ]

    private static let signals = [
        "kill", "pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
        "rt_sigsuspend", "rt_sigtimedwait", "rt_tgsigqueueinfo", "sigaltstack", "signalfd", "signalfd4", "sigreturn", "tgkill",
        "tkill",
    ]

    // reading and adjusting clocks are one call; the kernel refuses to adjust without the capability
    private static let time = [
        "adjtimex", "alarm", "clock_adjtime", "clock_getres", "clock_gettime", "clock_nanosleep", "getitimer", "gettimeofday",
        "nanosleep", "setitimer", "time", "timer_create", "timer_delete", "timer_getoverrun", "timer_gettime", "timer_settime",
        "timerfd_create", "timerfd_gettime", "timerfd_settime", "times",
    ]

    private static let sockets = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv", "recvfrom",
        "recvmmsg", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketpair",
    ]

    private static let messages = [
        "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedsend", "mq_unlink", "msgctl", "msgget", "msgrcv",
        "msgsnd", "semctl", "semget", "semop", "semtimedop",
    ]

    private static let system = ["getcpu", "getrandom", "sysinfo", "uname"]

    /// Known, and not for guests: each reaches beyond the process that calls, or into code of the kernel that few use and many
    /// have broken. Most ask for a capability besides.
    static let refused = [
        // other processes
        "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace",
        // namespaces, mounts and roots
        "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "listmount", "mount", "mount_setattr", "move_mount",
        "name_to_handle_at", "open_by_handle_at", "open_tree", "pivot_root", "setns", "statmount", "umount", "umount2",
        "unshare",
        // programs, events and rings inside the kernel
        "bpf", "fanotify_init", "io_uring_enter", "io_uring_register", "io_uring_setup", "perf_event_open", "userfaultfd",
        // keys, which are not kept apart by namespaces
        "add_key", "keyctl", "request_key",
        // the machine itself
        "acct", "clock_settime", "create_module", "delete_module", "finit_module", "get_kernel_syms", "init_module", "ioperm",
        "iopl", "kexec_file_load", "kexec_load", "lookup_dcookie", "nfsservctl", "query_module", "quotactl", "quotactl_fd",
        "reboot", "setdomainname", "sethostname", "settimeofday", "stime", "swapoff", "swapon", "syslog", "sysfs", "_sysctl",
        "uselib", "ustat", "vhangup",
        // the processor's and the memory's own ways
        "get_mempolicy", "mbind", "migrate_pages", "modify_ldt", "move_pages", "set_mempolicy", "set_mempolicy_home_node",
        "vm86", "vm86old",
    ]
}
