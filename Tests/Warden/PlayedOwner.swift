import Foundation
import Kernel
import Resources
import Synchronization
import Testing

/// An owner of the machine who works in a control group of its own.
final class PlayedOwner: Sendable {
    private static let count = Mutex(0)

    /// The group, as a policy names it.
    let path: String
    private let groups: any GuestGroups
    /// With cgroup v2 only groups so deep hold processes.
    private static let place = "o/o/o"
    private let busy = Mutex<[pid_t]>([])

    init() throws {
        let number = Self.count.withLock { count in
            count += 1
            return count
        }
        path = "/surplus-test-owner-\(getpid())-\(number)"
        groups = try ControlGroups.detect(parent: path)
        try groups.make(Self.place)
    }

    /// Wants one whole processor more.
    ///
    /// - Parameter ceiling: What it may have of it.
    func work(atMost ceiling: Millicores = 1000) throws {
        try groups.setCeiling(ceiling, of: Self.place)
        let process = try ChildProcess.start(["/bin/sh", "-c", "while :; do :; done"])
        busy.withLock { $0.append(process) }
        try groups.add(process, to: Self.place)
    }

    /// Wants nothing.
    func rest() {
        busy.withLock { processes in
            for process in processes {
                kill(process, SIGKILL)
                waitpid(process, nil, 0)
            }
            processes = []
        }
    }

    deinit {
        rest()
        // what is left of the test's own groups is nobody's loss
        try? groups.remove("o")
        groups.removeShared()
        for place in Set(groups.places) { rmdir((place as NSString).deletingLastPathComponent) }
    }
}
