import CLinux
import Foundation
import Kernel
import TestKit
import Testing

/// A Linux kernel that runs as a process, whose disk has a file system with project quotas, for tests of this process's program.
/// It sees this machine's files without being able to change them.
struct QuotaKernel {
    static let isInstalled = access(program, X_OK) == 0 && access(formatter, X_OK) == 0 && geteuid() == 0
    /// Where that file system is, in that kernel.
    static let disk = ProcessInfo.processInfo.environment["SURPLUS_TEST_QUOTA_DISK"]

    private static let program = "/usr/bin/linux.uml"
    private static let formatter = "/usr/sbin/mkfs.xfs"
    private static let diskSize: off_t = 320 << 20
    private static let patience: Int32 = 180_000

    private let directory: String

    init() throws {
        var template = Array("/tmp/surplus-quota-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    /// Runs the tests whose names match and waits for their end; what they said.
    func runTests(_ filter: String) async throws -> (isGood: Bool, output: String) {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try format()
        let test = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        try Executable.write(script(test, filter), to: directory + "/init")
        try await boot()
        let output = [text("output"), text("console")].joined(separator: "\n")
        return (text("status") == "0\n" && output.contains("Test run with") && !output.contains("skipped"), output)
    }

    private func text(_ name: String) -> String { (try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)) ?? "" }

    private func format() throws {
        let file = open(directory + "/disk", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        try #require(file >= 0 && ftruncate(file, Self.diskSize) == 0)
        close(file)
        var status: Int32 = 0
        waitpid(try ChildProcess.start([Self.formatter, "-q", directory + "/disk"], errors: STDERR_FILENO), &status, 0)
        try #require(status == 0)
    }

    /// The first process there.
    private func script(_ test: URL, _ filter: String) -> String {
        """
        #!/bin/sh
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=1
        export SURPLUS_TEST_QUOTA_DISK=/run/disk
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir /dev/shm
        mount -t tmpfs tmpfs /dev/shm
        mount -t tmpfs tmpfs /run
        mkdir /run/programs /run/result /run/disk
        mount -t hostfs none /run/programs -o '\(test.deletingLastPathComponent().path)'
        mount -t hostfs none /run/result -o '\(directory)'
        mount -t tmpfs tmpfs /tmp
        mount -t xfs -o prjquota /dev/ubda /run/disk
        chmod 711 /run/disk
        cd /run/programs
        ./\(test.lastPathComponent) --testing-library swift-testing --filter '\(filter)' >/run/result/output 2>&1 </dev/null
        echo $? >/run/result/status
        umount /run/disk
        echo o >/proc/sysrq-trigger
        while :; do sleep 1000; done

        """
    }

    private func boot() async throws {
        let console = open(directory + "/console", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(console) }
        let process = try ChildProcess.start(
            [
                Self.program, "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "mem=1024M", "con0=null,fd:1",
                "con=null",
                "ubd0=\(directory)/disk", "umid=kernel", "uml_dir=\(directory)/", "init=\(directory)/init", "quiet",
            ], environment: UserModeLinux.environment, output: console, errors: console)
        let ended = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let descriptor = surplus_pidfd_open(process)
                var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                let result = poll(&watched, 1, Self.patience)
                close(descriptor)
                continuation.resume(returning: result)
            }
        }
        // it is a session of many processes
        kill(-process, SIGKILL)
        waitpid(process, nil, 0)
        try #require(ended == 1, "the kernel did not end: \(text("console"))")
    }
}
