import Foundation
import Resources
import TestKit
import Testing

@testable import Agent

@Suite("What the doctor finds")
struct DiagnosisTests {
    private static let healthy = [
        "/proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
        "/proc/self/cgroup": "0::/system.slice/surplusd.service\n",
        "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
        "/sys/fs/cgroup/system.slice/surplusd.service/cgroup.subtree_control": "cpu memory\n",
        "/proc/pressure/cpu": "some avg10=0.00\n", "/proc/sys/user/max_user_namespaces": "95000\n",
    ]

    private func findings(_ files: [String: String], programs: [String] = ["bwrap", "tc", "nft"]) -> [String: Finding] {
        let checks = KernelChecks(kernel: PaperKernel(files)) { programs.contains($0) ? "/usr/bin/\($0)" : nil }
        return Dictionary(uniqueKeysWithValues: checks.findings.map { ($0.name, $0) })
    }

    @Test("A kernel with everything has nothing at fault, and the readings are told")
    func healthy() {
        let found = findings(Self.healthy)
        #expect(found.values.allSatisfy { $0.severity == .fine || $0.severity == .note }, "\(found)")
        #expect(found["control groups"]?.finding.contains("cgroup v2") == true)
        #expect(found["delegation"]?.finding == "cpu, memory below /system.slice/surplusd.service")
        #expect(found["user namespaces"]?.finding == "up to 95000")
    }

    @Test(
        "What lacks is found with its remedy",
        arguments: [
            ("/sys/fs/cgroup/cgroup.controllers", "pids\n", "control groups", .warning),
            ("/proc/pressure/cpu", nil, "pressure", .warning),
            ("/proc/sys/user/max_user_namespaces", "0\n", "user namespaces", .warning),
            ("/proc/sys/kernel/unprivileged_userns_clone", "0\n", "user namespaces", .warning),
        ] as [(String, String?, String, Finding.Severity)])
    func lacking(file: String, content: String?, check: String, severity: Finding.Severity) {
        var files = Self.healthy
        files[file] = content
        let found = findings(files)[check]
        #expect(found?.severity == severity)
        #expect(found?.remedy?.isEmpty == false)
    }

    @Test("Without bubblewrap no guest can run")
    func sandbox() {
        let found = findings(Self.healthy, programs: [])["sandbox"]
        #expect(found?.severity == .fault && found?.remedy == "apt-get install bubblewrap")
    }

    @Test("A clock is judged by the kernel's word and by those of peers")
    func clock() {
        func check(_ isSynchronised: Bool?, _ ahead: Microseconds...) -> [Finding] {
            ClockChecks(isSynchronised: isSynchronised, peers: ahead.enumerated().map { ("node\($0 + 2)", $1) }).findings
        }
        #expect(check(true, .milliseconds(3), -.milliseconds(40)).map(\.severity) == [.fine, .fine])
        #expect(check(true, .milliseconds(3), -.milliseconds(40))[1].finding == "within 40 ms of 2 peers")
        #expect(check(false).map(\.severity) == [.warning])
        #expect(check(nil).map(\.severity) == [.note])
        let wrong = check(true, .zero, -.minutes(2))
        #expect(wrong.map(\.severity) == [.fine, .warning])
        #expect(wrong[1].finding == "the clock of node3 is 2 min behind this one")
    }

    @Test("A data directory is written to; one that is not there, cannot be written or has a damaged ledger is found")
    func disk() throws {
        let directory = NSTemporaryDirectory() + "/surplus-doctor-\(UUID().uuidString)"
        #expect(DiskChecks(directory: directory) { nil }.findings.map(\.severity) == [.note])
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let good = DiskChecks(directory: directory) { nil }.findings
        #expect(good.map(\.name) == ["space", "writing", "ledger"] && good[1...].allSatisfy { $0.severity == .fine })
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty, "nothing is left behind")
        let damaged = DiskChecks(directory: directory) { "row 7 is missing from an index" }.findings
        #expect(damaged[2].severity == .fault && damaged[2].finding.contains("row 7"))
        #expect(DiskChecks(directory: "/proc/self") { nil }.findings.contains { $0.severity == .fault })
    }

    @Test("What an agent that does not run would find is JSON that surplus reads")
    func json() async throws {
        let text = try await Diagnosis.json(ofConfiguration: "/nonexistent/agent.yaml")
        let findings = try JSONDecoder().decode([Finding].self, from: Data(text.utf8))
        let file = try #require(findings.first { $0.area == .configuration })
        #expect(file.severity == .fault && file.finding.contains("/nonexistent/agent.yaml"))
        #expect(Set(findings.map(\.area)).isSuperset(of: [.kernel, .clock, .disk, .privileges, .certificates]))
        #expect(findings.allSatisfy { ($0.severity == .fault || $0.severity == .warning) == ($0.remedy != nil) })
    }
}
