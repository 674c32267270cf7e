import Configuration
import Foundation
import Policy
import Resources
import Testing

@Suite("Agent configuration")
struct AgentConfigurationTests {
    func parse(_ text: String, file: String = "/etc/surplus/agent.yaml") throws -> AgentConfiguration {
        try AgentConfiguration(bytes: Array(text.utf8), file: file)
    }

    func fault(_ text: String) -> String? {
        #expect(throws: ConfigurationError.self) { try AgentConfiguration(bytes: Array(text.utf8), file: "a.yaml") }?.description
    }

    @Test("What a file leaves out has its default, and by default nothing is lent")
    func defaults() throws {
        let configuration = try parse("{}")
        #expect(try configuration == AgentConfiguration())
        #expect(configuration.dataDirectory == "/var/lib/surplus")
        #expect(configuration.socket == "/run/surplus/agent.sock")
        #expect(configuration.listen.description == "0.0.0.0:7800")
        #expect(configuration.advertise == Endpoint(host: configuration.name, port: 7800))
        #expect(configuration.capacity.cpu == nil && configuration.capacity.memory == nil)
        #expect(!configuration.policy.policy.lendsAnything)
        #expect(configuration.stopTimeout == .seconds(10))
    }

    @Test("The documented configuration shows the defaults")
    func documented() throws {
        let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = repository.appending(path: "Docs/agent.yaml").path
        #expect(try AgentConfiguration.load(path: path) == AgentConfiguration())
    }

    @Test("Every key is read, and relative paths start beside the file")
    func everyKey() throws {
        let configuration = try parse(
            """
            name: node1
            data_directory: data
            socket: run/agent.sock
            listen: 127.0.0.1:0
            capacity: {cpu: 1.5, memory: 2 GiB, disk: 40 GiB}
            storage: {directory: blocks, domain: rack-3}
            owner: {scope: {cgroup: /surplus-dev/node1}}
            policy: blade
            warden: {socket: /dev-node1/warden.sock}
            log: {level: debug, format: json}
            limits: {job_input: 10 MiB, job_output: 20 MiB, jobs: 5}
            accounting: {interval: 250ms, maximum_size: 64 MiB, metrics: 10.0.0.7:9100}
            ledger: {standby: {directory: copy, history: 7d, maximum_size: 20 GiB}}
            stop_timeout: 3s
            """, file: "/tmp/node1/config.yaml")
        #expect(configuration.name == "node1")
        #expect(configuration.dataDirectory == "/tmp/node1/data")
        #expect(configuration.socket == "/tmp/node1/run/agent.sock")
        #expect(configuration.listen == Endpoint(host: "127.0.0.1", port: 0))
        #expect(configuration.advertise == configuration.listen)
        #expect(configuration.capacity.cpu == Millicores(1500))
        #expect(configuration.capacity.memory == .gibibytes(2))
        #expect(configuration.ownerScope == .cgroup("/surplus-dev/node1"))
        #expect(configuration.policy.policy.name == "blade")
        #expect(configuration.warden == .path("/dev-node1/warden.sock"))
        #expect(configuration.log.level == .debug)
        #expect(configuration.log.format == .json)
        #expect(configuration.limits.inputBytes == .mebibytes(10))
        #expect(configuration.limits.outputBytes == .mebibytes(20))
        #expect(configuration.limits.jobs == 5)
        #expect(configuration.accounting.interval == .milliseconds(250))
        #expect(configuration.accounting.maximumSize == .mebibytes(64))
        #expect(configuration.accounting.metrics == Endpoint(host: "10.0.0.7", port: 9100))
        #expect(try parse("accounting: {metrics: none}").accounting.metrics == nil)
        #expect(configuration.standby?.directory == "/tmp/node1/copy")
        #expect(configuration.standby?.history == .days(7))
        #expect(configuration.standby?.maximumSize == .gibibytes(20))
        let short = try parse("ledger: {standby: /copy}").standby
        #expect(short?.directory == "/copy" && short?.history == .days(1))
        #expect(configuration.storage == AgentConfiguration.Storage(directory: "/tmp/node1/blocks", domain: "rack-3"))
        #expect(try parse("storage: /blocks").storage == AgentConfiguration.Storage(directory: "/blocks"))
        #expect(configuration.stopTimeout == .seconds(3))
        #expect(try parse("warden: none").warden == AgentConfiguration.WardenSocket.none)
        #expect(try parse("owner: {scope: everything}").ownerScope == .everything)
    }

    @Test("A wildcard listener advertises the machine's name; an address of one's own stands")
    func advertise() throws {
        #expect(try parse("listen: '[::]:9'").advertise == Endpoint(host: AgentConfiguration().name, port: 9))
        #expect(try parse("advertise: blade7.example.org:80").advertise.host == "blade7.example.org")
        #expect(fault("advertise: 0.0.0.0:80")?.contains("leads nowhere") == true)
    }

    @Test(
        "Each fault is one error that names the place, the fault and the remedy",
        arguments: zip(
            [
                "capasity: {}", "capacity: {cpu: 0}", "capacity: {memory: 512}", "listen: '7800'", "listen: a:99999",
                "owner: {scope: group}", "owner: {scope: {cgroup: ../x}}", "warden: off", "policy: bade",
                "log: {level: verbose}", "limits: {jobs: many}", "stop_timeout: 1h",
                "accounting: {interval: 50ms}", "accounting: {interval: 2min}", "accounting: {maximum_size: 1 MiB}",
                "accounting: {metrics: off}", "accounting: {metrics: 'a b:1'}", "accounting: {intervall: 1s}",
                "ledger: {standby: {history: 1d}}",
            ],
            [
                "1:1: unknown key 'capasity'; did you mean 'capacity'?",
                "1:17: capacity.cpu is 0 cores, below the smallest value, 0.001 cores",
                "1:20: capacity.memory is wrong: '512' is not understood: add a unit, such as 512 MiB",
                "1:9: listen is '7800'; write host:port, such as 10.0.0.7:7800 or [fd00::7]:7800",
                "1:9: listen is 'a:99999'; write host:port, such as 10.0.0.7:7800 or [fd00::7]:7800",
                "1:16: owner.scope is 'group'; known are everything",
                "1:25: owner.scope.cgroup is '../x'; write the group's path in the hierarchy, such as /surplus-dev/node1",
                "1:9: warden is 'off'; known are none", "1:9: policy is 'bade'; did you mean 'blade'?",
                "1:14: log.level is 'verbose'; known are critical, debug, error, info, notice, trace, warning",
                "1:16: limits.jobs is 'many'; write a whole number from 1 to 10000",
                "1:15: stop_timeout is 1 h, above the largest value, 10 min",
                "1:24: accounting.interval is 50 ms, below the smallest value, 100 ms",
                "1:24: accounting.interval is 2 min, above the largest value, 1 min",
                "1:28: accounting.maximum_size is 1 MiB, below the smallest value, 8 MiB",
                "1:23: accounting.metrics is 'off'; known are none",
                "1:23: accounting.metrics is 'a b:1'; write host:port, such as 10.0.0.7:7800 or [fd00::7]:7800",
                "1:14: unknown key 'intervall'; did you mean 'interval'?",
                "1:19: ledger.standby needs the key 'directory'",
            ]))
    func faults(_ text: String, _ message: String) {
        #expect(fault(text) == "a.yaml:" + message)
    }

    @Test("Rights name users, groups and users of the pool; who is not mentioned borrows, unless that was said otherwise")
    func rights() throws {
        let given = try parse("rights: {owner: [alice, '%wheel'], operator: anna@pool, viewer: ['1000', guest]}").rights.roles
        #expect(
            given == [
                .user("alice"): .owner, .group("wheel"): .owner, .poolUser("anna"): .operator, .user("1000"): .viewer,
                .user("guest"): .viewer, .everyone: .borrower,
            ])
        #expect(try parse("rights: {viewer: everyone}").rights.roles == [.everyone: .viewer])
        #expect(try parse("rights: {borrower: []}").rights.roles.isEmpty)
        #expect(try parse("rights: {borrower: '%lab'}").rights.roles == [.group("lab"): .borrower])
    }

    @Test(
        "What rights cannot mean is refused with its place",
        arguments: zip(
            [
                "rights: {ownr: x}", "rights: {owner: everyone}", "rights: {viewer: [root]}", "rights: {viewer: 'a b'}",
                "rights: {owner: [a], viewer: [a]}", "rights: {viewer: [a, a]}", "rights: everyone", "rights: {viewer: '@pool'}",
            ],
            [
                "1:10: unknown key 'ownr'; did you mean 'owner'?",
                "1:17: rights.owner is everyone; name the users and groups that own this node",
                "1:19: rights.viewer[0] is root, who owns every node; remove it",
                "1:18: rights.viewer is 'a b'; write a user, %group, NAME@pool for a user of the pool, or everyone",
                "1:18: rights.owner[0] contradicts: 'a' is owner and viewer; keep one",
                "1:22: rights.viewer[1] names 'a' twice; keep one",
                "1:9: rights should have keys (viewer, borrower, operator, owner), not 'everyone'",
                "1:18: rights.viewer is '@pool'; write a user, %group, NAME@pool for a user of the pool, or everyone",
            ]))
    func rightsFaults(_ text: String, _ message: String) {
        #expect(fault(text) == "a.yaml:" + message)
    }

    @Test("A hook on events that there are none of is refused with what may have been meant")
    func hookOnNoEvent() {
        #expect(
            fault("events: [{on: [lease.*, lease.grantd], run: [/bin/true]}]")
                == "a.yaml:1:25: events[0].on[1] is 'lease.grantd', which matches no kind of event; did you mean 'lease.granted'?"
        )
        #expect(throws: Never.self) { try parse("events: [{on: '*', run: [/bin/true]}]") }
    }

    @Test("Socket paths beyond the system's limit and a socket shared by agent and warden are refused")
    func sockets() {
        #expect(fault("socket: /\(String(repeating: "x", count: 107))")?.contains("107 bytes") == true)
        #expect(fault("socket: /a\nwarden: {socket: /a}")?.contains("cannot share the socket") == true)
    }

    @Test("A fault in the policy names the policy's file, a relative one beside the configuration")
    func policyFault() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "surplus-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try "policy: mine.yaml\n".write(toFile: directory + "/agent.yaml", atomically: true, encoding: .utf8)
        try "name: mine\nlend: nothing\n".write(toFile: directory + "/mine.yaml", atomically: true, encoding: .utf8)
        #expect(try AgentConfiguration.load(path: directory + "/agent.yaml").policy.policy.name == "mine")

        try "name: mine\nlend: noting\n".write(toFile: directory + "/mine.yaml", atomically: true, encoding: .utf8)
        let error = #expect(throws: ConfigurationError.self) { try AgentConfiguration.load(path: directory + "/agent.yaml") }
        #expect(error?.description == "\(directory)/mine.yaml:2:7: lend is 'noting'; did you mean 'nothing'?")
    }

    @Test("Endpoints are read and written alike", arguments: ["a:1", "10.0.0.7:7800", "[fd00::7]:7800", "[fe80::1%eth0]:1"])
    func endpoints(_ text: String) {
        #expect(Endpoint(text)?.description == text)
    }

    @Test(
        "What is no endpoint is refused",
        arguments: ["", ":", "a", "a:", ":1", "a:-1", "a:65536", "::1:80", "[a]:1", "a b:1", "[]:1"])
    func badEndpoints(_ text: String) {
        #expect(Endpoint(text) == nil)
    }
}
