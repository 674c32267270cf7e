import Foundation
import Testing

extension LiveTests {
    /// The owner's console, with the real programs.
    @Suite struct ConsoleTests {
        private struct Pause: Decodable {
            struct Lease: Decodable { let lease, state: String }
            let pause: Word?
            let leases: [Lease]
        }

        private struct Status: Decodable { let pause: Word? }

        private struct Word: Decodable {
            let by: String
            let until: String?
        }

        private struct Findings: Decodable {
            struct Finding: Decodable { let area, name, severity, finding: String }
            let ok: Bool
            let findings: [Finding]
            func named(_ area: String, _ name: String) -> Finding? { findings.first { $0.area == area && $0.name == name } }
        }

        private static func lease(_ pool: LivePool) throws -> String {
            struct Lease: Decodable { let lease: String }
            let wish = ["lease", "request", "--on", "node2", "--cpu", "0.1", "--memory", "64MiB", "--for", "10m"]
            return try LivePool.eventually("node2 lends") {
                let answer = try pool.surplus("node1", wish + ["--json"])
                return answer.status == 0 ? try JSONDecoder().decode(Lease.self, from: answer.output).lease : nil
            }
        }

        @Test("an owner ends every guest though the agent stands still, and both sides hear of it once that goes on")
        func evict() throws {
            struct Evicted: Decodable {
                struct Lease: Decodable { let lease: String }
                let leases: [Lease]
            }
            struct Job: Decodable { let state: String }
            let pool = try LivePool(nodes: 2)
            let lease = try Self.lease(pool)
            let run = try pool.surplus("node1", ["run", "--lease", lease, "--detach", "--", "sleep", "600"])
            let job = run.text.trimmingCharacters(in: .whitespacesAndNewlines)
            func state() throws -> String {
                let shown = try pool.json("node1", ["job", "show", job], as: Job.self)
                return shown.state
            }
            try LivePool.eventually("it runs") { try state() == "running" ? true : nil }
            let daemons = try pool.daemons("node2")
            let agent = try #require(daemons.pid)
            kill(agent, SIGSTOP)
            defer { kill(agent, SIGCONT) }
            let evict = ["evict", "--warden", "\(pool.directory)/node2/run/warden.sock"]
            let before = try pool.json("node2", evict + ["--dry-run"], as: Evicted.self)
            #expect(before.leases.map(\.lease) == [lease])
            #expect(try pool.json("node2", evict + ["--yes"], as: Evicted.self).leases.map(\.lease) == [lease])
            #expect(try pool.json("node2", evict + ["--dry-run"], as: Evicted.self).leases.isEmpty)
            kill(agent, SIGCONT)
            try LivePool.eventually("its user hears of it") { try state() == "failed" ? true : nil }
            for node in ["node1", "node2"] {
                try LivePool.eventually("\(node) has settled it") {
                    try pool.surplus(node, ["lease", "show", lease]).text.contains("settled") ? true : nil
                }
            }
        }

        @Test("a pause gives notice, refuses who asks, is told by status, holds over a restart, and ends when it is resumed")
        func pause() throws {
            let pool = try LivePool(nodes: 2)
            let lease = try Self.lease(pool)
            let dry: Pause = try pool.json("node2", ["pause", "--for", "2h", "--dry-run"])
            #expect(dry.leases.map(\.state) == ["reclaiming"])
            #expect(try pool.json("node2", ["status"], as: Status.self).pause == nil, "a dry run changes nothing")

            let paused: Pause = try pool.json("node2", ["pause", "--for", "2h"])
            #expect(paused.leases.map(\.lease) == [lease] && paused.leases.map(\.state) == ["reclaiming"])
            let refused = try pool.surplus("node1", ["run", "--on", "node2", "--", "true"])
            #expect(refused.status == 125 && refused.errors.contains("its owner has paused lending"), "\(refused.errors)")
            #expect(try pool.surplus("node1", ["offers"]).text.contains("its owner has paused lending"))
            #expect(try pool.surplus("node2", ["status"]).text.contains("paused by"))

            let daemons = try pool.daemons("node2")
            kill(try #require(daemons.pid), SIGKILL)
            #expect(try LivePool.run(["dev", "start", "node2", "--dir", pool.directory]).status == 0)
            let after: Status = try pool.json("node2", ["status"])
            #expect(after.pause?.by == paused.pause?.by && after.pause?.until == paused.pause?.until)

            #expect(try pool.surplus("node2", ["resume"]).status == 0)
            try LivePool.eventually("node2 lends again") {
                try pool.surplus("node1", ["run", "--on", "node2", "--", "true"]).status == 0 ? true : nil
            }
            #expect(try pool.surplus("node2", ["resume"]).text.contains("it was not paused"))
        }

        @Test("the agent's log can be read and followed, by its owner")
        func logs() throws {
            let agent = try LoneAgent(more: "warden: none\nlog: {level: debug}")
            try agent.start()
            struct Entry: Decodable { let message, level: String }
            let lines = try agent.surplus("logs", "--json", "-n", "0").text.split(separator: "\n")
            let entries = try lines.map { try JSONDecoder().decode(Entry.self, from: Data($0.utf8)) }
            #expect(entries.contains { $0.message == "started" && $0.level == "notice" })
            #expect(try agent.surplus("logs", "--level", "critical").text.isEmpty)
            let bad = try agent.surplus("logs", "--level", "loud")
            #expect(bad.status == 2)
        }

        @Test("the doctor finds a healthy node healthy, and a missing warden, peer and agent missing, with the remedy")
        func doctor() throws {
            let pool = try LivePool(nodes: 2)
            let healthy: Findings = try pool.json("node1", ["doctor"])
            #expect(healthy.ok)
            #expect(healthy.named("peers", "reachable")?.severity == "fine")
            #expect(healthy.named("clock", "skew")?.severity == "fine")
            #expect(healthy.named("certificates", "chain")?.severity == "fine")
            #expect(healthy.named("disk", "ledger")?.severity == "fine")
            #expect(healthy.named("privileges", "warden")?.severity == "fine")

            let configuration = "\(pool.directory)/node1/config.yaml"
            let good = try String(contentsOfFile: configuration, encoding: .utf8)
            try (good + "polcy: blade\n").write(toFile: configuration, atomically: true, encoding: .utf8)
            let broken = try JSONDecoder().decode(Findings.self, from: try pool.surplus("node1", ["doctor", "--json"]).output)
            #expect(broken.named("configuration", "file")?.severity == "fault")
            #expect(broken.named("configuration", "file")?.finding.contains("is kept") == true)
            try good.write(toFile: configuration, atomically: true, encoding: .utf8)

            let other = try pool.daemons("node2")
            kill(try #require(other.pid), SIGKILL)
            let own = try pool.daemons("node1")
            kill(try #require(own.wardenPid), SIGKILL)
            let ill = try LivePool.eventually("the warden is missed") {
                let result = try pool.surplus("node1", ["doctor", "--json"])
                let found = try JSONDecoder().decode(Findings.self, from: result.output)
                return found.named("privileges", "warden")?.severity == "fault" && result.status == 1 ? found : nil
            }
            #expect(ill.named("peers", "reachable")?.severity == "warning")

            kill(try #require(own.pid), SIGKILL)
            let alone = try LivePool.eventually("the agent is gone") {
                let result = try pool.surplus("node1", ["doctor", "--json", "--config", configuration])
                let found = try JSONDecoder().decode(Findings.self, from: result.output)
                return found.named("agent", "reachable") == nil ? nil : found
            }
            #expect(!alone.ok)
            #expect(alone.named("configuration", "file")?.severity == "fine")
            #expect(alone.named("disk", "ledger")?.severity == "fine")
            #expect(alone.named("certificates", "chain")?.severity == "fine")
        }
    }
}
