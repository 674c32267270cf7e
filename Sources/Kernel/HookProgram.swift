import CLinux
import Glibc
import Resources

/// Runs a program of the owner's that reacts to something, and does not trust it to end.
///
/// It runs without privileges: as `nobody` where this process is root, and without a way to gain any elsewhere, by
/// util-linux's setpriv(1).
package struct HookProgram: Sendable {
    package enum Ending: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
        /// It took longer than it may and was killed with everything in its session's process group.
        case timedOut
    }

    private let command: [String]
    private let environment: [String: String]

    /// - Parameter command: the program's absolute path and its arguments.
    package init(_ command: [String], environment: [String: String]) {
        let identity =
            geteuid() == 0
            ? ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"] : []
        self.command = ["/usr/bin/setpriv", "--no-new-privs"] + identity + ["--"] + command
        self.environment = environment
    }

    /// Starts it and waits for its end; blocks.
    ///
    /// - Parameter input: what it finds on its standard input.
    package func run(atMost limit: Microseconds, input: [UInt8] = []) throws(KernelError) -> Ending {
        let file = input.isEmpty ? nil : try Self.file(with: input)
        defer { if let file { close(file) } }
        let process = try ChildProcess.start(command, environment: environment, input: file)
        let descriptor = surplus_pidfd_open(process)
        defer { if descriptor >= 0 { close(descriptor) } }
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        let ready = descriptor >= 0 ? poll(&watched, 1, Int32(clamping: limit.rawValue / 1000)) : 0
        if ready == 0 { kill(-process, SIGKILL) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw KernelError("wait for \(command.last ?? "")", errno) }
        }
        if ready == 0 { return .timedOut }
        return status & 0x7f == 0 ? .code(status >> 8 & 0xff) : .signal(status & 0x7f)
    }

    /// A file in memory: a program that does not read it keeps nobody waiting, as a pipe would.
    private static func file(with bytes: [UInt8]) throws(KernelError) -> Int32 {
        let file = surplus_memory_file("surplus-hook")
        guard file >= 0 else { throw KernelError("make a file in memory", errno) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard count > 0 || (count < 0 && errno == EINTR) else {
                let fault = errno
                close(file)
                throw KernelError("write a hook's input", fault)
            }
            written += max(0, count)
        }
        lseek(file, 0, SEEK_SET)
        return file
    }
}
