import Foundation
import Kernel
import Resources
import Testing

@testable import Sandbox

@Suite("The end of a program")
struct ExitTests {
    @Test("A program's own status is reported as it is", arguments: [0, 3, 126, 127, 255] as [Int32])
    func ownStatus(status: Int32) async throws {
        let record = try await TestJob(script: "exit \(status)").run()
        #expect(record.reason == .exited(status))
    }

    @Test("A signal is told apart from a status", arguments: [SIGKILL, SIGTERM, SIGSEGV])
    func signal(number: Int32) async throws {
        let record = try await TestJob(script: "kill -\(number) $$").run()
        #expect(record.reason == .signalled(number))
    }

    @Test("A program that does not exist did not start: 127, said in the record and not on its standard error")
    func missing() async throws {
        let job = try TestJob("no-such-program")
        #expect(
            try await job.run().reason
                == .notStarted(status: 127, reason: "failed to execute no-such-program: No such file or directory"))
        #expect(try job.text(of: .stderr) == "")
    }

    @Test("What cannot be executed did not start: 126", arguments: ["/etc", "/etc/passwd"])
    func notExecutable(path: String) async throws {
        #expect(
            try await TestJob(path).run().reason
                == .notStarted(status: 126, reason: "failed to execute \(path): Permission denied"))
    }

    @Test("A command line beyond what the kernel takes did not start: 126")
    func tooLong() async throws {
        let job = try TestJob("true", Array(repeating: String(repeating: "x", count: 100 << 10), count: 100))
        guard case .notStarted(126, _) = try await job.run().reason else {
            Issue.record("ended otherwise: \(String(describing: try job.files.exitRecord()))")
            return
        }
    }

    @Test("The most arguments and variables that are allowed arrive")
    func mostArguments() async throws {
        let job = try TestJob(
            "sh", ["-c", "echo $# $LAST"] + Array(repeating: "a", count: GuestSpec.mostArguments - 2),
            environment: (1..<GuestSpec.mostVariables).map { GuestSpec.Variable("V\($0)", "x") } + [.init("LAST", "here")])
        let reason = try await job.run().reason
        #expect(reason == .exited(0))
        #expect(try job.text(of: .stdout) == "\(GuestSpec.mostArguments - 3) here\n")
    }

    @Test("A sandbox that cannot be made is no fault of the program")
    func noSandbox() async throws {
        let job = try TestJob("true")
        rmdir(job.files.work)
        guard case .sandboxFailed(let reason) = try await job.run().reason else {
            Issue.record("the program seems to have run")
            return
        }
        #expect(reason.contains(job.files.work))
    }

    @Test("A program that writes what looks like bubblewrap's complaint keeps it")
    func imitatedComplaint() async throws {
        let job = try TestJob(script: "echo 'bwrap: execvp x: No such file or directory' >&2; exit 1")
        #expect(try await job.run().reason == .exited(1))
        #expect(try job.text(of: .stderr) == "bwrap: execvp x: No such file or directory\n")
    }

    @Test("The record tells times, sizes and the use of all descendants, also of those left behind")
    func usage() async throws {
        let job = try TestJob(
            script: "echo 12345; (i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done) & wait; sleep 1000 & echo x >&2")
        let record = try await job.run()
        #expect(record.reason == .exited(0))
        #expect(record.cpu > CoreMicroseconds(10_000))
        #expect(record.peakMemory > .mebibytes(1))
        #expect(record.started <= record.finished)
        #expect(record.output == OutputSizes(stdout: 6, stderr: 2))
        #expect(try job.files.exitRecord() == record)
    }

    @Test("What a program leaves behind ends with it, even if it holds the output open")
    func leftBehind() async throws {
        let job = try TestJob(
            script: "setsid sh -c 'echo $$; exec sleep 1000' & while [ ! -s /tmp/x ]; do : > /tmp/x; echo > /tmp/x; done")
        #expect(try await job.run().reason == .exited(0))
    }

    @Test("A program that closes its outputs and lives on is waited for")
    func closedOutputs() async throws {
        let job = try TestJob(script: "exec >&- 2>&-; sleep 0.2; exit 7")
        #expect(try await job.run().reason == .exited(7))
    }
}
