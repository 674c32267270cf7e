import Foundation
import Kernel
import Resources

/// A Linux kernel that runs as a process, with control groups of version 2, in which the tests of this process can be run.
///
/// It sees this machine's files without being able to change them, has memory of its own for temporary files, a disk of its own, and
/// ends with everything in it.
package struct UserModeLinux {
    package static let program = "/usr/bin/linux.uml"
    package static let isInstalled = access(program, X_OK) == 0 && access(fileSystem, X_OK) == 0

    /// Whether this process runs in such a kernel, where it may do what is not to be done to a machine.
    package static let isHere = getenv("SURPLUS_OWN_KERNEL") != nil

    /// Where the kernel keeps its memory: a file without a name, which is nobody's use of a disk.
    private static let memoryFolder = "/dev/shm"

    /// What its process needs: that folder, and what lets it run where registers are larger than it knows.
    package static var environment: [String: String] {
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        return ["TMPDIR": memoryFolder, "LD_PRELOAD": folder + "/libWideRegisters.so"]
    }

    private static let fileSystem = "/usr/sbin/mke2fs"
    private static let memory = "1536M"
    private static let diskSize = off_t(64 << 20)

    /// What became of the tests there.
    package struct Report: Sendable {
        /// How many were run; none when it did not come so far.
        package var tests: Int
        /// All of them were run and none failed.
        package var isGood: Bool
        /// What the tests and, should there be no more, the kernel said.
        package var output: String
    }

    /// Runs the tests of this process's program whose names match, in a kernel of their own.
    ///
    /// - Parameters:
    ///   - filter: As `--filter` takes it.
    ///   - limit: When it is ended in any case.
    package static func runTests(_ filter: String, atMost limit: Microseconds) async throws -> Report {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("surplus-uml-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        let test = "./\(program.lastPathComponent) --testing-library swift-testing --filter '\(filter)'"
        try Executable.write(
            script(directory, program.deletingLastPathComponent().path, test), to: directory + "/init")
        try await boot(directory, atMost: limit)
        return report(directory)
    }

    /// The first process there.
    private static func script(_ directory: String, _ programs: String, _ test: String) -> String {
        """
        #!/bin/sh
        export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=1
        mount -t proc proc /proc
        mount -t sysfs sysfs /sys
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mkdir /dev/shm
        mount -t tmpfs tmpfs /dev/shm
        mount -t tmpfs tmpfs /run
        mkdir /run/programs /run/result /run/disk
        mount -t hostfs none /run/programs -o '\(programs)'
        mount -t hostfs none /run/result -o '\(directory)'
        mount -t tmpfs tmpfs /tmp
        mke2fs -q -t ext4 /dev/ubda && mount /dev/ubda /run/disk
        export SURPLUS_TEST_DISK=/run/disk SURPLUS_OWN_KERNEL=1
        ip link set lo up
        ulimit -c 0
        cd /run/programs
        \(test) >/run/result/output 2>&1 </dev/null
        echo $? >/run/result/status
        umount /run/disk
        echo o >/proc/sysrq-trigger
        while :; do sleep 1000; done

        """
    }

    /// Returns when it has ended.
    private static func boot(_ directory: String, atMost limit: Microseconds) async throws {
        let disk = open(directory + "/disk", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let console = open(directory + "/console", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { for file in [disk, console] { close(file) } }
        guard disk >= 0, console >= 0, ftruncate(disk, Self.diskSize) == 0 else {
            throw KernelError("make the files of a kernel in \(directory)", errno)
        }
        let process = try ChildProcess.start(
            [
                Self.program, "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "mem=\(memory)", "con0=null,fd:1",
                "con=null", "ubd0=\(directory)/disk", "umid=kernel", "uml_dir=\(directory)/", "init=\(directory)/init", "quiet",
            ], environment: environment, output: console, errors: console)
        let ended = await withCheckedContinuation { continuation in
            // hours would go by in which none of the few threads for tests could be spared
            let wait: @Sendable () -> Void = {
                continuation.resume(returning: Result { try ChildProcess.wait(for: process, atMost: limit) })
            }
            do { try WorkThread.start(wait) } catch { continuation.resume(returning: .failure(error)) }
        }
        // it is a session of many processes
        kill(-process, SIGKILL)
        waitpid(process, nil, 0)
        _ = try ended.get()
    }

    private static func report(_ directory: String) -> Report {
        func text(_ name: String) -> String {
            (try? Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)"))).map { String(decoding: $0, as: UTF8.self) }
                ?? ""
        }
        let output = text("output")
        let tests = output.firstMatch(of: /Test run with (\d+) tests?/).flatMap { Int($0.1) } ?? 0
        // A test that is skipped there was meant to be run.
        let isGood = text("status") == "0\n" && tests > 0 && !output.contains("skipped")
        return Report(tests: tests, isGood: isGood, output: output + (isGood ? "" : "\nconsole:\n\(text("console"))"))
    }
}
