import Glibc

/// The program of fuse3 that unmounts for those who may not.
enum Fusermount {
    static func unmount(_ path: String, isLazy: Bool) throws(MountError) {
        let words = ["fusermount3", "-u"] + (isLazy ? ["-z"] : []) + ["--", path]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let fault = posix_spawnp(&process, words[0], nil, nil, &arguments, environ)
        guard fault == 0 else { throw .refused(directory: path, reason: "fusermount3: " + MountPoint.text(of: fault)) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw .inUse(directory: path) }
    }
}
