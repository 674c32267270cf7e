import CLinux
import Foundation
import Synchronization

/// The built `surplus`, run as people run it.
final class Program: Sendable {
    struct Ended: Sendable {
        let status: Int32
        let stdout: String
        let stderr: String
    }

    private struct State {
        var output: (stdout: [UInt8], stderr: [UInt8]) = ([], [])
        var status: Int32?
        var waiter: CheckedContinuation<Void, Never>?
        var open = 3
    }

    /// Beside the test bundle's own executable.
    static let path: String = {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return own[..<(own.lastIndex(of: "/") ?? own.endIndex)] + "/surplus"
    }()

    let pid: pid_t
    private let input: Int32
    private let writer = DispatchQueue(label: "program-input")
    private let state = Mutex(State())

    /// Starts `executable` with the socket of `agent`, in `directory`, with nothing open but three pipes.
    ///
    /// - Parameter variables: more of its environment, as `NAME=value`.
    init(
        _ arguments: [String], agent: FakeAgent? = nil, in directory: String? = nil, executable: String = Program.path,
        variables more: [String] = []
    ) throws {
        // Writing to a program that has ended is an error here, not the end of the tests.
        Foundation.signal(SIGPIPE, SIG_IGN)
        let pipes = try (0..<3).map { _ in try Self.pipe() }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, end) in [pipes[0].read, pipes[1].write, pipes[2].write].enumerated() {
            posix_spawn_file_actions_adddup2(&actions, end, Int32(target))
        }
        surplus_spawn_close_from(&actions, 3)
        if let directory { surplus_spawn_change_directory(&actions, directory) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // The thread that this runs on may block signals.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        let words = [executable] + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let usual = [
            "PATH=/usr/bin:/bin", "SURPLUS_SOCKET=\(agent?.socket ?? "/nonexistent/agent.sock")", "SWIFT_BACKTRACE=enable=no",
        ]
        let names = more.map { $0.prefix { $0 != "=" } }
        let variables = usual.filter { variable in !names.contains(variable.prefix { $0 != "=" }) } + more
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) } + [nil]
        defer { for pointer in argv + environment { free(pointer) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, executable, &actions, &attributes, &argv, &environment)
        for end in [pipes[0].read, pipes[1].write, pipes[2].write] { close(end) }
        guard code == 0 else { throw ProgramError(description: "\(executable): \(String(cString: strerror(code)))") }
        self.pid = pid
        input = pipes[0].write
        collect(pipes[1].read) { $0.output.stdout += $1 }
        collect(pipes[2].read) { $0.output.stderr += $1 }
        awaitExit()
    }

    /// Both ends are closed in programs that others start.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Foundation.pipe(&ends) == 0 else { throw ProgramError(description: "no pipe: \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private func collect(_ descriptor: Int32, _ add: @Sendable @escaping (inout State, [UInt8]) -> Void) {
        Thread.detachNewThread { [self] in
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let count = read(descriptor, &buffer, buffer.count)
                guard count > 0 else { break }
                state.withLock { add(&$0, Array(buffer[..<count])) }
            }
            close(descriptor)
            finishOne()
        }
    }

    private func awaitExit() {
        Thread.detachNewThread { [self] in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let code = status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
            state.withLock { $0.status = code }
            finishOne()
        }
    }

    private func finishOne() {
        let waiter = state.withLock { state in
            state.open -= 1
            return state.open == 0 ? state.waiter : nil
        }
        waiter?.resume()
    }

    var stdoutSoFar: String { state.withLock { String(decoding: $0.output.stdout, as: UTF8.self) } }
    func signal(_ number: Int32) { kill(pid, number) }

    /// Writes to its standard input, without waiting for that. A program that has ended reads nothing.
    func send(_ text: String) {
        writer.async { [input] in
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// Waits until it has written `text` to standard output.
    func waitFor(_ text: String) async throws {
        while !stdoutSoFar.contains(text) {
            if let status = state.withLock({ $0.status }), !stdoutSoFar.contains(text) {
                throw ProgramError(
                    description: "ended with \(status) before it wrote '\(text)': \(state.withLock { "\($0.output)" })")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Closes its standard input and waits for its end.
    func end() async -> Ended {
        writer.async { [input] in close(input) }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.open > 0 { state.waiter = continuation }
                return state.open == 0
            }
            if isOver { continuation.resume() }
        }
        let (output, status) = state.withLock { ($0.output, $0.status) }
        return Ended(
            status: status ?? -1, stdout: String(decoding: output.stdout, as: UTF8.self),
            stderr: String(decoding: output.stderr, as: UTF8.self))
    }

    /// Runs it to its end.
    static func run(
        _ arguments: String..., agent: FakeAgent? = nil, in directory: String? = nil, input: String = ""
    ) async throws -> Ended {
        let program = try Program(arguments, agent: agent, in: directory)
        program.send(input)
        return await program.end()
    }
}

struct ProgramError: Error, CustomStringConvertible {
    let description: String
}
