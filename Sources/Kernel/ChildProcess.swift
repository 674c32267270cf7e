import CLinux
import Glibc
import Resources

/// Starts programs.
package enum ChildProcess {
    /// Starts a program in a session of its own, with an environment that holds nothing but a PATH and what is given. It
    /// inherits no descriptor but its three standard ones.
    ///
    /// - Parameters:
    ///   - command: The program's path and its arguments.
    ///   - environment: Further variables.
    ///   - input: What becomes its standard input; `nil` for an empty one.
    ///   - output: What becomes its standard output; `nil` to throw it away.
    ///   - errors: What becomes its standard error; `nil` to throw it away.
    package static func start(
        _ command: [String], environment extra: [String: String] = [:], input: Int32? = nil, output: Int32? = nil,
        errors: Int32? = nil
    ) throws(KernelError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in zip(Int32(0)..., [input, output, errors]) {
            if let descriptor {
                posix_spawn_file_actions_adddup2(&actions, descriptor, number)
            } else {
                posix_spawn_file_actions_addopen(&actions, number, "/dev/null", number == 0 ? O_RDONLY : O_WRONLY, 0)
            }
        }
        // also those that another thread has opened and not yet marked
        surplus_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let flags = Int32(SURPLUS_SPAWN_SETSID) | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))
        let arguments = command.map { strdup($0) } + [nil]
        let variables = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + extra.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let environment = variables.map { strdup($0) } + [nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var process = pid_t()
        let fault = posix_spawn(&process, command[0], &actions, &attributes, arguments, environment)
        guard fault == 0 else { throw KernelError("start \(command[0])", fault) }
        return process
    }

    /// Waits until a process has ended, which remains to be collected.
    ///
    /// - Returns: whether it has; `false` after `limit`.
    package static func wait(for process: pid_t, atMost limit: Microseconds) throws(KernelError) -> Bool {
        let descriptor = surplus_pidfd_open(process)
        guard descriptor >= 0 else {
            if errno == ESRCH { return true }
            throw KernelError("watch process \(process)", errno)
        }
        defer { close(descriptor) }
        let deadline = SystemClock.instant() + limit
        while true {
            let rest = max(.zero, deadline - SystemClock.instant())
            var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&watched, 1, Int32(clamping: (rest.rawValue + 999) / 1000))
            if ready > 0 { return true }
            if ready == 0 { return false }
            guard errno == EINTR else { throw KernelError("wait for process \(process)", errno) }
        }
    }
}
