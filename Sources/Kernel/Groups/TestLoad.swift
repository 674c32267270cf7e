import Glibc
import Resources

/// A small program in a group whose limits are tested: a shell script that begins when it is told, and tells what became of it.
///
/// What it says comes through a socket, not by its status: a process that reaps all its children may have that first.
final class TestLoad {
    enum Answer: Hashable {
        case line(String)
        /// It has ended, or was ended, without a word.
        case end
        case nothing
    }

    private let process: pid_t
    /// Its standard input and output.
    private let line: Int32

    /// - Parameter script: What it leaves running must keep neither standard input nor output.
    init(_ script: String, in group: String, of groups: any GuestGroups) throws(KernelError) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw KernelError("make a pair of sockets", errno) }
        defer { close(ends[1]) }
        do throws(KernelError) {
            // it waits, so that it does everything inside the group
            process = try ChildProcess.start(["/bin/sh", "-c", "read go; \(script)"], input: ends[1], output: ends[1])
        } catch {
            close(ends[0])
            throw error
        }
        line = ends[0]
        try groups.add(process, to: group)
        try tell("go")
    }

    deinit {
        Glibc.kill(process, SIGKILL)
        waitpid(process, nil, 0)
        close(line)
    }

    func tell(_ text: String) throws(KernelError) {
        let bytes = Array("\(text)\n".utf8)
        guard send(line, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw KernelError("tell a test program to go on", errno)
        }
    }

    /// The next line it says, waited for until `deadline`.
    func answer(until deadline: Instant) throws(KernelError) -> Answer {
        var text: [UInt8] = []
        while true {
            let rest = max(.zero, deadline - SystemClock.instant())
            var watched = pollfd(fd: line, events: Int16(POLLIN), revents: 0)
            let ready = poll(&watched, 1, Int32(clamping: (rest.rawValue + 999) / 1000))
            if ready == 0 { return .nothing }
            var byte: UInt8 = 0
            let count = ready < 0 ? -1 : read(line, &byte, 1)
            if count < 0 {
                if errno == EINTR { continue }
                // what is killed with something unread resets the connection
                if errno == ECONNRESET { return .end }
                throw KernelError("hear from a test program", errno)
            }
            if count == 0 { return .end }
            if byte == UInt8(ascii: "\n") { return .line(String(decoding: text, as: UTF8.self)) }
            text.append(byte)
        }
    }
}
