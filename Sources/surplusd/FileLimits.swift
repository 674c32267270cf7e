import Glibc

/// How many files the agent may have open.
enum FileLimits {
    /// As many as its owner allows at all: by itself it may have a thousand or so, for programs that could not do with more. Where it
    /// may not change that, it has what it was started with.
    static func apply() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
