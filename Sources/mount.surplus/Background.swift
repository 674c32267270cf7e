import CLinux
import Glibc

/// Work in a process of its own, for which the calling one waits only until it says how it has begun.
enum Background {
    /// Must be called before there is another thread.
    ///
    /// - Parameter work: runs in the process of its own, which ends with it. What it throws before it has
    ///   announced itself is thrown here.
    /// - Returns: what it announced.
    static func start(_ work: (Announcement) throws(MountFailure) -> Void) throws(MountFailure) -> String {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .init(.system, "failed to make a pipe: \(text(of: errno))") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let process = surplus_fork()
        guard process >= 0 else { throw .init(.system, "failed to start a process: \(text(of: errno))") }
        guard process == 0 else {
            close(ends[1])
            defer { close(ends[0]) }
            return try answer(from: ends[0], process)
        }
        closeAll(but: ends[1])
        signal(SIGPIPE, SIG_IGN)
        let announcement = Announcement(ends[1])
        do throws(MountFailure) { try work(announcement) } catch {
            announcement.failed(error)
            exit(error.status.rawValue)
        }
        exit(0)
    }

    /// What was inherited besides the standard streams is not to stay open as long as something is mounted.
    private static func closeAll(but kept: Int32) {
        guard let directory = opendir("/proc/self/fd") else { return }
        var found: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if let descriptor = Int32(name), descriptor > STDERR_FILENO, descriptor != kept { found.append(descriptor) }
        }
        closedir(directory)
        for descriptor in found { close(descriptor) }
    }

    static func text(of number: Int32) -> String { String(cString: strerror(number)) }

    private static func answer(from pipe: Int32, _ process: pid_t) throws(MountFailure) -> String {
        var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while true {
            let count = read(pipe, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        guard let first = bytes.first else {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
            let end = status & 0x7F == 0 ? "status \((status >> 8) & 0xFF)" : "signal \(status & 0x7F)"
            throw .init(.failed, "the process that was to serve it has ended with \(end); see the log of the system")
        }
        let text = String(decoding: bytes.dropFirst(), as: UTF8.self)
        guard first != 0 else { return text }
        throw .init(MountFailure.Status(rawValue: Int32(first)) ?? .failed, text)
    }
}

/// How a process tells the one that waits for it how it has begun; once.
final class Announcement {
    private var pipe: Int32?

    init(_ pipe: Int32) { self.pipe = pipe }

    /// It goes on alone from now on, and has nobody to complain to. Until then it is in the process group of who called it: systemd
    /// mounts on demand (autofs), and only its own group may look at the mount point meanwhile.
    func began(_ text: String) {
        setsid()
        _ = chdir("/")
        let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] { dup2(nothing, descriptor) }
        close(nothing)
        send(0, text)
    }

    func failed(_ failure: MountFailure) { send(UInt8(failure.status.rawValue), failure.description) }

    private func send(_ status: UInt8, _ text: String) {
        guard let pipe else { return }
        var rest = ([status] + Array(text.utf8))[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(pipe, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        close(pipe)
        self.pipe = nil
    }
}
