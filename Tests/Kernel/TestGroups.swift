import Foundation
import Resources
import Testing

@testable import Kernel

/// Control groups of a test's own, far from anybody's guests.
final class TestGroups {
    static let isPossible = geteuid() == 0 && (try? ControlGroups.detect()) != nil
    static let isUnified = (try? ControlGroups.detect())?.kind == "cgroup v2"
    static let hasPressure = isUnified && access("/proc/pressure/io", F_OK) == 0
    static let need: Comment = "needs root and control groups"
    /// A directory on a disk of the machine, where every test has one of its own.
    private static let disk = ProcessInfo.processInfo.environment["SURPLUS_TEST_DISK"] ?? "/var/tmp"

    let parent = "/surplus-test-\(UInt32.random(in: 0 ... .max))"
    let groups: any GuestGroups
    let directory: String
    private var children: [pid_t] = []

    init(kernel: any KernelCalls = LinuxKernel()) throws {
        groups = try ControlGroups.detect(parent: parent, kernel: kernel)
        directory = Self.disk + parent
        try groups.make("t")
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    }

    /// A shell script in a group.
    func run(_ script: String, in group: String, of others: (any GuestGroups)? = nil) throws -> pid_t {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { for end in ends { close(end) } }
        let child = try ChildProcess.start(["/bin/bash", "-c", "read line; \(script)"], input: ends[0])
        children.append(child)
        try (others ?? groups).add(child, to: group)
        _ = write(ends[1], "\n", 1)
        return child
    }

    /// Looks until it is so; the machine may be busy with other tests.
    func wait(atMost seconds: Double = 20, until isSo: () throws -> Bool) throws -> Bool {
        let deadline = Date() + seconds
        while Date() < deadline {
            if try isSo() { return true }
            usleep(2000)
        }
        return false
    }

    func status(of child: pid_t) -> Int32 {
        children.removeAll { $0 == child }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        return status
    }

    deinit {
        _ = try? wait { try groups.kill("t") }
        for child in children { _ = status(of: child) }
        try? FileManager.default.removeItem(atPath: directory)
        try? groups.remove("t")
        groups.removeShared()
        for place in Set(groups.places) { rmdir((place as NSString).deletingLastPathComponent) }
    }
}
