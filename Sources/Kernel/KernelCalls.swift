import Glibc

/// The few system calls through which this module reads and steers the kernel, so that tests can make any of them fail.
///
/// Control groups and `/proc` are file systems, so files, directories and signals are all there is.
package protocol KernelCalls: Sendable {
    /// The whole content of a file, at most 4 MiB.
    func read(_ path: String) throws(KernelError) -> String
    /// Writes `text` in one call, as the kernel's control files want it. The file must exist.
    func write(_ text: String, to path: String) throws(KernelError)
    /// Makes one directory; harmless when it is there.
    func makeDirectory(_ path: String) throws(KernelError)
    /// Removes an empty directory; harmless when it is gone.
    func removeDirectory(_ path: String) throws(KernelError)
    /// The names of the directories in a directory, sorted; empty when it does not exist.
    func subdirectories(of path: String) throws(KernelError) -> [String]
    /// The names of everything in a directory, sorted; empty when it does not exist.
    func entries(of path: String) throws(KernelError) -> [String]
    func exists(_ path: String) -> Bool
    /// Sends a signal; harmless when the process is gone.
    func signal(_ number: Int32, to process: pid_t) throws(KernelError)
}

/// The running kernel.
package struct LinuxKernel: KernelCalls {
    private static let largestFile = 4 << 20

    package init() {}

    package func read(_ path: String) throws(KernelError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open \(path)", errno) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        while content.count < Self.largestFile {
            var fault: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 16 << 10) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                if result < 0 { fault = errno }
                count = max(result, 0)
            }
            guard fault == 0 || fault == EINTR else { throw KernelError("read \(path)", fault) }
            if fault == 0 && chunk.isEmpty { break }
            content += chunk
        }
        return String(decoding: content, as: UTF8.self)
    }

    package func write(_ text: String, to path: String) throws(KernelError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("open \(path)", errno) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        while true {
            let written = Glibc.write(descriptor, bytes, bytes.count)
            if written == bytes.count { return }
            let fault = written < 0 ? errno : EIO
            guard fault == EINTR else { throw KernelError("write \(text) to \(path)", fault) }
        }
    }

    package func makeDirectory(_ path: String) throws(KernelError) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw KernelError("make \(path)", errno) }
    }

    package func removeDirectory(_ path: String) throws(KernelError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw KernelError("remove \(path)", errno) }
    }

    package func subdirectories(of path: String) throws(KernelError) -> [String] {
        try names(in: path) { $0 == UInt8(DT_DIR) }
    }

    package func entries(of path: String) throws(KernelError) -> [String] { try names(in: path) { _ in true } }

    private func names(in path: String, ofType belongs: (UInt8) -> Bool) throws(KernelError) -> [String] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw KernelError("list \(path)", errno)
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            guard belongs(entry.pointee.d_type) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    package func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package func signal(_ number: Int32, to process: pid_t) throws(KernelError) {
        guard kill(process, number) == 0 || errno == ESRCH else {
            throw KernelError("send signal \(number) to process \(process)", errno)
        }
    }
}
