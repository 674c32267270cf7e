import Glibc
import Resources
import Synchronization

/// The service manager that has started this process (systemd, or another that speaks sd_notify(3)), if it wants to hear how the
/// process is doing. Where there is none, telling it something does nothing.
package final class ServiceManager: Sendable {
    /// How long a manager that does not listen may hold up what it is told, and signs of life, which come again.
    private static let patience = Microseconds.seconds(1)
    private static let shortPatience = Microseconds.milliseconds(100)

    private let socket: String?
    private let report: Mutex<ServiceReport>

    /// - Parameter variable: A variable of the environment, which the manager has set: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and
    ///   `WATCHDOG_PID`.
    package init(_ variable: (String) -> String? = ServiceManager.environment) {
        // other kinds of sockets lead out of a virtual machine
        socket = variable("NOTIFY_SOCKET").flatMap { ["/", "@"].contains($0.first) && $0.count > 1 ? $0 : nil }
        let report = ServiceReport(
            watchdog: socket == nil ? nil : variable("WATCHDOG_USEC"), watched: variable("WATCHDOG_PID"), process: getpid())
        interval = report.interval
        self.report = Mutex(report)
    }

    /// That of a process which nobody waits for.
    package static var absent: ServiceManager { ServiceManager { _ in nil } }

    /// A variable of this process's environment.
    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// How often it wants to be told ``alive()``; `nil` when it does not.
    package let interval: Microseconds?

    package func started(_ status: String) { tell { $0.started(status) } }
    package func reloading() { tell { $0.reloading(at: SystemClock.monotonic()) } }
    package func reloaded(_ status: String) { tell { $0.reloaded(status) } }
    package func stopping() { tell { $0.stopping() } }
    package func status(_ text: String) { tell { $0.status(text) } }

    /// To be called when the work of this process has been seen to go on; more often than is wanted does no harm.
    package func alive() { tell(within: Self.shortPatience) { $0.alive(at: SystemClock.instant()) } }

    /// Under the lock, so that messages arrive in the order of what they tell.
    private func tell(within patience: Microseconds = patience, _ message: (inout ServiceReport) -> String?) {
        guard let socket else { return }
        report.withLock { report in
            guard let text = message(&report) else { return }
            // a manager that is not there, or does not listen, is no reason not to do one's work
            try? UnixSocket.send(Array(text.utf8), to: socket, within: patience)
        }
    }
}
