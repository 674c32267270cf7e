import Glibc
import Kernel

/// A few blocks of the disk kept back, so that the end of a job can be recorded even when its outputs have filled the disk.
struct DiskReserve {
    private static let size = 64 << 10
    private let path: String

    init(at path: String) throws(KernelError) {
        self.path = path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw KernelError("create \(path)", errno) }
        defer { close(descriptor) }
        let fault = posix_fallocate(descriptor, 0, off_t(Self.size))
        guard fault == 0 else { throw KernelError("reserve disk space in \(path)", fault) }
    }

    func release() { unlink(path) }
}
