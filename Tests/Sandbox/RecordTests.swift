import Resources
import Testing

@testable import Sandbox

@Suite("What a shim reads and concludes")
struct RecordTests {
    private static let started = Array("{ \"child-pid\": 4711, \"cgroup-namespace\": 4026532182 }\n".utf8)

    private func reason(_ report: String, status: Int32, complaint: String = "") -> ExitReason {
        var sandbox = SandboxReport()
        sandbox.append(Self.started)
        sandbox.append(Array(report.utf8))
        return sandbox.reason(sandboxStatus: status, complaint: complaint)
    }

    @Test("A status that bubblewrap reports is the program's, whatever stands on its standard error")
    func reported() {
        #expect(reason("{ \"exit-code\": 1 }\n", status: 1 << 8, complaint: "bwrap: execvp x: y") == .exited(1))
        #expect(reason("{ \"exit-code\": 137 }\n", status: 137 << 8) == .signalled(9))
        #expect(reason("{ \"exit-code\": 255 }\n", status: 255 << 8) == .exited(255))
    }

    @Test("Without a status the program did not run, unless a signal ended the sandbox")
    func unreported() {
        let missing = "bwrap: execvp x: No such file or directory"
        #expect(
            reason("", status: 1 << 8, complaint: missing)
                == .notStarted(status: 127, reason: "failed to execute x: No such file or directory"))
        #expect(reason("", status: 9, complaint: missing) == .signalled(9))
        #expect(
            reason("", status: 1 << 8, complaint: "bwrap: setting up uid map: Permission denied")
                == .sandboxFailed(reason: "failed to make the sandbox: bwrap: setting up uid map: Permission denied"))
        #expect(reason("", status: 1 << 8) == .sandboxFailed(reason: "bubblewrap ended with status 1"))
    }

    @Test("A report in pieces is understood, one that never ends costs little")
    func pieces() {
        var report = SandboxReport()
        report.append(Array(Self.started.prefix(20)))
        report.append(Array(Self.started.dropFirst(20)))
        #expect(report.firstProcess == 4711)
        for _ in 0..<100 { report.append(Array(repeating: 0x30, count: 60_000)) }
        #expect(report.firstProcess == 4711)
    }

    @Test("A plan comes back as it was written, and no damaged one is taken for it")
    func plans() throws {
        let spec = try TestJob("cat", ["a", ""], environment: [.init("A", "b")], groups: ["/sys/fs/cgroup/x/cgroup.procs"]).spec
        var writer = CanonicalWriter(kind: "test")
        writer.write(spec)
        let bytes = writer.bytes
        func read(_ bytes: [UInt8]) throws -> ShimSpec {
            var reader = try CanonicalReader(bytes, kind: "test")
            let spec: ShimSpec = try reader.value()
            try reader.finish()
            return spec
        }
        #expect(try read(bytes) == spec)
        for count in bytes.indices { #expect(throws: CanonicalReader.Malformed.self) { try read(Array(bytes[..<count])) } }
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 0x80
            if let other = try? read(damaged) { #expect(other != spec) }
        }
    }

    @Test("System call filters in a plan come back too, and none of them is empty")
    func filters() throws {
        func copy(_ filters: [[UInt8]]) throws -> ShimSpec {
            var spec = try TestJob("true").spec
            spec.callFilters = filters
            var writer = CanonicalWriter(kind: "test")
            writer.write(spec)
            var reader = try CanonicalReader(writer.bytes, kind: "test")
            return try reader.value()
        }
        let programs = try CallFilter.programs()
        #expect(try copy(programs).callFilters == programs)
        for wrong in [[], [[]], [[1], []], [[UInt8]](repeating: [1], count: 5)] {
            #expect(throws: CanonicalReader.Malformed.self) { try copy(wrong) }
        }
    }
}
