import CLinux
import Glibc

/// Starts programs with nothing of this one's but its environment and the descriptors that are named: threads of this
/// program block signals, and a program that does not know must not.
enum Spawn {
    /// - Parameters:
    ///   - output: where standard output goes, appended.
    ///   - errors: where standard error goes; `nil`: to this program's.
    ///   - session: whether it begins a session of its own, to run on when this program has ended.
    /// - Returns: its pid.
    static func start(_ command: [String], output: String, errors: String?, session: Bool) throws(Failure) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        if let errors { posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, O_WRONLY | O_CREAT | O_APPEND, 0o644) }
        // Whoever waits for the end of a pipe that this program was given must not wait for the other one.
        surplus_spawn_close_from(&actions, STDERR_FILENO + 1)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = Int(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | (session ? SURPLUS_SPAWN_SETSID : 0)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid = pid_t()
        let code = posix_spawn(&pid, command[0], &actions, &attributes, &arguments, environ)
        guard code == 0 else { throw Failure(command[0], errno: code) }
        return pid
    }

    /// Runs a program to its end, without its standard output.
    ///
    /// - Returns: its exit status as a shell would give it.
    static func run(_ command: [String]) throws(Failure) -> Int32 {
        wait(for: try start(command, output: "/dev/null", errors: nil, session: false))
    }

    /// - Returns: the exit status of a child as a shell would give it.
    private static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote to standard output, at most a megabyte.
    static func output(of command: [String]) throws(Failure) -> String {
        var template = Array("/tmp/surplus-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Failure("/tmp", errno: errno) }
        close(descriptor)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        let status = wait(for: try start(command, output: path, errors: nil, session: false))
        guard status == 0 else { throw Failure(object: command[0], fault: "ended with \(status)") }
        return TextFile.read(path) ?? ""
    }

    /// Becomes another program.
    ///
    /// - Throws: ``Failure``, with the exit status a shell would give, when that cannot be done.
    static func become(_ command: [String]) throws(Failure) -> Never {
        var none = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, nil)
        let arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        execvp(command[0], arguments)
        let code = errno
        throw Failure(command[0], errno: code).exiting(with: code == ENOENT ? 127 : Outcome.notRunnable)
    }
}
