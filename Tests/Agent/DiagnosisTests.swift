import Configuration
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

    @Test("A volume is told of as its home knows it, with what its faults are; elsewhere only that its home is not heard of")
    func volumes() {
        func seen(_ health: VolumeHealth?, home: String? = nil, answers: Bool = true, faults: [String] = []) -> VolumeChecks.Seen
        {
            var volume = VolumeTests.kept()
            volume.health = health
            return .init(volume: volume, home: home, answers: answers, faults: faults)
        }
        func severities(_ seen: VolumeChecks.Seen) -> [Finding.Severity] { VolumeChecks(seen: [seen]).findings.map(\.severity) }
        #expect(severities(seen(.healthy)) == [.fine])
        #expect(severities(seen(.mending)) == [.note])
        #expect(severities(seen(.atRisk, faults: ["node2 does not answer"])) == [.warning, .warning])
        #expect(severities(seen(.damaged)) == [.fault])
        #expect(severities(seen(nil, answers: false)) == [.warning])
        #expect(severities(seen(nil, home: "node2")) == [])
        let remedies = VolumeChecks(seen: [seen(nil, home: "node2", answers: false)]).findings.map(\.remedy)
        #expect(remedies.first??.contains("surplus volume takeover") == true)
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

    @Test("A configuration that shares out more than the machine has is warned of, and one that does not is not")
    func excess() {
        let machine = Amounts(cpu: 2000, memory: .mebibytes(4096))
        func found(_ cpu: Millicores?, _ memory: Bytes?) -> [String] {
            ConfigurationChecks.excess(of: .init(cpu: cpu, memory: memory), over: machine).map { "\($0.severity) \($0.finding)" }
        }
        #expect(found(nil, nil).isEmpty && found(2000, .mebibytes(4096)).isEmpty)
        #expect(found(64_000, nil) == ["warning capacity.cpu is 64 cores, this machine has 2 cores: no more is shared out"])
        #expect(found(64_000, .mebibytes(8192)).count == 2)
        #expect(ConfigurationChecks.excess(of: .init(cpu: 64_000), over: nil).isEmpty)
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

    @Test("A configuration or policy that was broken since it was read is a fault with its place, and nothing is lost by it")
    func brokenFiles() throws {
        let directory = NSTemporaryDirectory() + "surplus-doctor-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let (agent, policy) = ("\(directory)/agent.yaml", "\(directory)/policy.yaml")
        func write(_ text: String, to path: String) throws { try text.write(toFile: path, atomically: true, encoding: .utf8) }
        try write("policy: \(policy)\n", to: agent)
        try write("include: blade\nname: mine\n", to: policy)
        let running = try AgentConfiguration.load(path: agent).policy
        func look() throws -> Finding {
            try #require(ConfigurationChecks(file: agent, running: running).look().findings.first)
        }
        #expect(try look().finding == "good; lends by policy 'mine'")

        try write("include: blade\nname: mine\nlent: {}\n", to: policy)
        let broken = try look()
        #expect(broken.severity == .fault)
        #expect(broken.finding.hasPrefix("\(policy):3:1: ") && broken.finding.hasSuffix("the running policy 'mine' is kept"))
        #expect(broken.remedy == "correct it, and see with 'surplus policy check \(policy)'")

        try write("polcy: x\n", to: agent)
        let worse = try look()
        #expect(worse.severity == .fault && worse.finding.hasPrefix("\(agent):1:1: "))
        #expect(worse.remedy?.contains("surplusd --config \(agent) --check-config") == true)
    }

    @Test("A user who may not ask the warden is told that, and the agent itself that it is kept out")
    func deniedWarden() throws {
        let checks = PrivilegeChecks(configuration: try AgentConfiguration(), warden: .denied("permission denied"))
        let user = try #require(checks.findings(isAgent: false).first)
        #expect(user.severity == .warning && user.remedy == "look as root or as the user that runs the agent")
        let agent = try #require(checks.findings(isAgent: true).last)
        #expect(agent.severity == .fault && agent.remedy?.contains("--agent-uid") == true)
    }

    @Test("A node that was revoked is told so, whoever says it; a peer that refuses for another reason is quoted")
    func revoked() {
        func check(_ answer: PeerChecks.Answer, isRevoked: Bool = false) -> [Finding] {
            PeerChecks(answers: [("node2", answer)], expulsion: "node nde_1 was revoked", isRevoked: isRevoked).findings
        }
        let told = check(.refused("node nde_1 was revoked: it can come back only as a new node"))
        #expect(told.map(\.severity) == [.fault, .warning])
        #expect(told[0].finding == "this node was revoked: it is no member of the pool any more, says node2")
        #expect(told[0].remedy?.contains("surplus pool leave") == true)
        #expect(check(.failed("no route"), isRevoked: true).map(\.severity) == [.fault, .warning])
        #expect(check(.refused("node nde_1 has left the pool")).map(\.severity) == [.warning])
        #expect(check(.greeted(version: "surplus 1", ahead: .zero)).map(\.severity) == [.fine])
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
