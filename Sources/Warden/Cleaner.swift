import Glibc
import Kernel
import Resources
import Sandbox

/// Takes down what a warden that is gone has left: its guests, their groups and its state directory.
package struct Cleaner {
    private static let patience = Microseconds.seconds(10)

    private let configuration: WardenConfiguration
    private let kernel: any KernelCalls

    /// - Parameter configuration: That of the warden; the socket is of no matter.
    package init(_ configuration: WardenConfiguration, kernel: any KernelCalls = LinuxKernel()) {
        self.configuration = configuration
        self.kernel = kernel
    }

    /// Harmless when there is nothing.
    ///
    /// - Throws: ``KernelError``, with `EWOULDBLOCK` while a warden runs on the state; calling again goes on.
    package func run() throws(KernelError) {
        guard kernel.exists(configuration.state) else { return try removeStrayGroups() }
        let state = try StateDirectory(configuration.state)
        defer { state.unlock() }
        let jobs = try state.jobs().map { state.files(of: $0) }
        for files in jobs {
            if var watch = try? ShimWatch(files) {
                watch.send(.stop(reason: "surplus was taken down here"))
                close(watch.descriptor)
            }
        }
        if configuration.isPrivileged {
            try remove(from: Backing.find(configuration, state, kernel))
            // what others use is not empty, and stays
            for group in try (state.groups.load()?.parents ?? []).reversed() { try? kernel.removeDirectory(group) }
        }
        try waitForShims(jobs)
        try FileTree(configuration.state).remove()
    }

    /// Somebody has deleted the directory by hand: what can be found without it is removed.
    private func removeStrayGroups() throws(KernelError) {
        guard configuration.isPrivileged else { return }
        let groups = try ControlGroups.detect(parent: configuration.parent, kernel: kernel)
        if try groups.subgroups(of: "").contains(configuration.instance) { try remove(from: groups) }
        groups.removeShared()
    }

    private func remove(from groups: any GuestGroups) throws(KernelError) {
        let deadline = SystemClock.instant() + Self.patience
        while try !groups.kill(configuration.instance) {
            guard SystemClock.instant() < deadline else {
                throw KernelError("end the guests of \(configuration.instance)", ETIMEDOUT)
            }
            usleep(2000)
        }
        try groups.remove(configuration.instance)
        groups.removeShared()
    }

    /// Shims end by themselves after their program; those that do not are killed, and their sandbox with them.
    private func waitForShims(_ jobs: [JobFiles]) throws(KernelError) {
        let deadline = SystemClock.instant() + Self.patience
        var alive = jobs
        while true {
            alive.removeAll { !$0.isAttended }
            if alive.isEmpty { return }
            let isLate = SystemClock.instant() > deadline
            for files in alive where isLate {
                guard let watch = try? ShimWatch(files) else { continue }
                close(watch.descriptor)
                try kernel.signal(SIGKILL, to: watch.process)
            }
            guard SystemClock.instant() < deadline + Self.patience else {
                throw KernelError("end the shim of \(alive[0].directory)", ETIMEDOUT)
            }
            usleep(5000)
        }
    }
}
