import Foundation
import Testing

extension LiveTests {
    /// What real daemons measure, keep and tell.
    @Suite struct AccountingTests {
        private struct Usage: Decodable {
            struct Series: Decodable {
                struct Figures: Decodable { let samples, min, mean, p95, max: Int64 }
                let metric: String
                let unit: String
                let total: Figures
            }
            let kind: String
            let target: String
            let node: String
            let series: [Series]
            let unmeasured: [String]

            func total(_ metric: String) -> Series.Figures? { series.first { $0.metric == metric }?.total }
        }

        private struct Status: Decodable { let metricsUrl: String? }

        /// What a parser of the format makes of a page: the names of the families, and how many samples there are.
        private static func parse(_ page: Data, with module: String) throws -> (families: [String: String], samples: Int) {
            struct Parsed: Decodable {
                let families: [String: String]
                let samples: Int
            }
            let script = """
                import json, sys
                from prometheus_client.\(module) import text_string_to_metric_families
                found = list(text_string_to_metric_families(sys.stdin.read()))
                print(json.dumps({"families": {f.name: f.type for f in found}, "samples": sum(len(f.samples) for f in found)}))
                """
            let result = try LivePool.run(["-c", script], path: "/usr/bin/python3", input: page)
            try #require(result.status == 0, "\(result.errors) (run scripts/setup)")
            let parsed = try JSONDecoder().decode(Parsed.self, from: result.output)
            return (parsed.families, parsed.samples)
        }

        private static func fetch(_ url: String, accept: String) throws -> LivePool.Result {
            try LivePool.run(
                ["--silent", "--show-error", "--fail", "--include", "--max-time", "20", "--header", "Accept: \(accept)", url],
                path: "/usr/bin/curl")
        }

        private static func page(_ answer: LivePool.Result) throws -> (head: String, body: Data) {
            let parts = answer.text.components(separatedBy: "\r\n\r\n")
            try #require(parts.count == 2, "\(answer.text) \(answer.errors)")
            return (parts[0], Data(parts[1].utf8))
        }

        @Test("a node outside any pool measures itself, tells a scraper, and finds its history again after it was killed")
        func alone() throws {
            let agent = try LoneAgent(more: "warden: none\naccounting: {interval: 100ms, metrics: '127.0.0.1:0'}")
            try agent.start()
            func usage() throws -> Usage {
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let result = try agent.surplus("usage", "--step", "1s", "--since", "20min", "--json")
                try #require(result.status == 0, "\(result.errors)")
                return try decoder.decode(Usage.self, from: result.output)
            }
            let first = try LivePool.eventually("something was measured") {
                let found = try usage()
                return found.total("cpu").map { $0.samples >= 20 } == true ? found : nil
            }
            #expect(first.kind == "node" && first.node == "lone")
            #expect(try #require(first.total("memory")).mean > 1 << 20)
            #expect(first.series.map(\.metric).contains("load"))
            #expect(Set(first.series.map(\.metric)).isDisjoint(with: first.unmeasured))

            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let status = try decoder.decode(Status.self, from: try agent.surplus("status", "--json").output)
            let url = try #require(status.metricsUrl)
            let page = try Self.page(Self.fetch(url, accept: "application/openmetrics-text"))
            #expect(page.head.contains("application/openmetrics-text; version=1.0.0; charset=utf-8"))
            let parsed = try Self.parse(page.body, with: "openmetrics.parser")
            #expect(parsed.families["surplus_node_cpu_busy_seconds"] == "counter")
            #expect(parsed.families["surplus_memory_capacity_bytes"] == "gauge")
            #expect(parsed.samples < 100)
            let old = try Self.page(Self.fetch(url, accept: "text/plain"))
            #expect(old.head.contains("text/plain; version=0.0.4"))
            #expect(try Self.parse(old.body, with: "parser").families.count == parsed.families.count)

            // what was written is there again; a kill loses at most what is written each twenty seconds
            try LivePool.eventually(within: 60, "it was written") {
                try usage().total("cpu").map { $0.samples > 250 } == true ? true : nil
            }
            let kept = agent.data + "/history.sqlite"
            #expect(FileManager.default.fileExists(atPath: kept))
            kill(agent.pid, SIGKILL)
            let again = try LoneAgent(more: "warden: none\naccounting: {interval: 60s, metrics: none}")
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: kept + suffix) {
                try FileManager.default.copyItem(atPath: kept + suffix, toPath: again.data + "/history.sqlite" + suffix)
            }
            try again.start()
            func samples() throws -> Int64 {
                let result = try again.surplus("usage", "--since", "20min", "--json")
                return try decoder.decode(Usage.self, from: result.output).total("memory")?.samples ?? 0
            }
            try LivePool.eventually("the history is there") { try samples() >= 100 ? true : nil }
            let restarted = try decoder.decode(Status.self, from: try again.surplus("status", "--json").output)
            #expect(restarted.metricsUrl == nil)
        }

        @Test("what a lease and a job used is told by the node that borrowed, which asks the one that measured")
        func leases() throws {
            let pool = try LivePool(nodes: 2)
            let ran = try pool.surplus(
                "node1",
                ["run", "--cpu", "0.2", "--memory", "64MiB", "--detach", "--", "sh", "-c", "while :; do :; done"])
            try #require(ran.status == 0, "\(ran.errors)")
            let job = try #require(ran.text.firstMatch(of: /job_[0-9a-z]{26}/).map { String($0.output) })
            struct Leases: Decodable {
                struct Lease: Decodable { let lease: String }
                let leases: [Lease]
            }
            // On a machine that is busy a job that could not be started in time gets another one.
            let lease = try LivePool.eventually("the job has a lease") {
                try pool.json("node1", ["lease", "list"], as: Leases.self).leases.first?.lease
            }
            let usage = try LivePool.eventually("the job was measured") {
                let found = try pool.surplus("node1", ["usage", job, "--step", "1s", "--json"])
                guard found.status == 0 else { return nil as Usage? }
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let usage = try decoder.decode(Usage.self, from: found.output)
                return usage.total("cpu").map { $0.samples >= 3 } == true ? usage : nil
            }
            #expect((usage.kind, usage.target, usage.node) == ("job", job, "node2"))
            #expect(try #require(usage.total("cpu")).max > 0)
            #expect(usage.unmeasured.contains("network_received"), "a guest has no network")
            let asLender = try pool.json("node2", ["usage", lease], as: Usage.self)
            #expect((asLender.kind, asLender.node) == ("lease", "node2"))
            let peer = try pool.json("node1", ["usage", "node2", "--metric", "cpu"], as: Usage.self)
            #expect((peer.kind, peer.node) == ("node", "node2"))
            #expect(peer.series.map(\.metric) == ["cpu", "load"])

            let url = try #require(try pool.json("node2", ["status"], as: Status.self).metricsUrl)
            let page = try Self.page(Self.fetch(url, accept: "*/*"))
            let parsed = try Self.parse(page.body, with: "openmetrics.parser")
            #expect(parsed.families["surplus_lease_cpu_seconds"] == "counter")
            #expect(parsed.families["surplus_enforcement_moves"] == "counter")
            #expect(String(decoding: page.body, as: UTF8.self).contains("surplus_lease_cpu_seconds_total{lease=\"\(lease)\"}"))

            let stranger = try pool.surplus("node2", ["usage", "lse_00000000000000000000000001"])
            #expect(stranger.status == 1)
            #expect(stranger.complaint().contains("there is no lease"))
            let nobody = try pool.surplus("node1", ["usage", "node9"])
            #expect(nobody.status == 2)
            #expect(nobody.complaint().contains("node9"))
            #expect(try pool.surplus("node1", ["job", "cancel", job]).status == 0)
        }

        private struct Chargeback: Decodable {
            struct Usage: Decodable { let cpuCoreMicroseconds, memoryMibSeconds: Int64 }
            struct Share: Decodable {
                let name: String
                let used: Usage
            }
            struct Shares: Decodable {
                let measuredMicroseconds: Int64
                let capacity, excess, owner, idle, untold: Usage
                let leases: [Share]
                let addsUp: Bool

                /// What stands on either side, of a resource.
                func sides(_ resource: (Usage) -> Int64) -> (had: Int64, used: Int64) {
                    let used = leases.reduce(resource(owner) + resource(untold) + resource(idle)) { $0 + resource($1.used) }
                    return (resource(capacity) + resource(excess), used)
                }
            }
            let nodeName: String
            let stepMicroseconds: Int64
            let total: Shares
            let windows: [Shares]
        }

        @Test("in every window of a node's history capacity is what owner and leases used and what was idle, to the last unit")
        func chargeback() throws {
            let pool = try LivePool(nodes: 2)
            func report(_ more: String...) throws -> Chargeback { try pool.json("node2", ["report", "chargeback"] + more) }
            // of a lease that runs when measuring begins, what it had used before is not known
            try LivePool.eventually("node2 measures") { try report().windows.isEmpty ? nil : true }
            let burn = "n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done"
            try LivePool.eventually("node2 lends") {
                let words = ["run", "--on", "node2", "--cpu", "0.2", "--memory", "64MiB", "--", "sh", "-c", burn]
                return try pool.surplus("node1", words).status == 0 ? true : nil
            }
            let found = try LivePool.eventually("the lease was measured") {
                let found = try report("--step", "1s")
                return found.total.leases.isEmpty ? nil : found
            }
            #expect(found.nodeName == "node2" && found.stepMicroseconds == 1_000_000 && !found.windows.isEmpty)
            for shares in found.windows + [found.total] {
                let (cpu, memory) = (shares.sides(\.cpuCoreMicroseconds), shares.sides(\.memoryMibSeconds))
                #expect(shares.addsUp && cpu.had == cpu.used && memory.had == memory.used)
                #expect(shares.capacity.cpuCoreMicroseconds > 0 && shares.capacity.memoryMibSeconds > 0)
            }
            #expect(found.total.capacity.cpuCoreMicroseconds == found.windows.reduce(0) { $0 + $1.capacity.cpuCoreMicroseconds })
            #expect(found.total.leases.map(\.name) == ["node1"])
            #expect(try #require(found.total.leases.first).used.cpuCoreMicroseconds > 0)
            let byProgram = try report("--by", "application")
            #expect(byProgram.total.leases.map(\.name) == ["sh"])
            #expect(byProgram.total.addsUp)
            // what is billed of a lease is what is charged back for it, but for what ran while it was throttled below its floor
            struct Leases: Decodable { let leases: [Lease] }
            struct Lease: Decodable { let usage: Chargeback.Usage }
            let settled = try LivePool.eventually("the lease is settled") {
                let leases: Leases = try pool.json("node2", ["lease", "list", "--all"])
                return leases.leases.first { $0.usage.cpuCoreMicroseconds > 0 }
            }
            let charged = try LivePool.eventually("its end was measured") {
                let used = try report().total.leases.first?.used.cpuCoreMicroseconds ?? 0
                return used >= settled.usage.cpuCoreMicroseconds ? used : nil
            }
            #expect(charged >= settled.usage.cpuCoreMicroseconds)
            let text = try pool.surplus("node2", ["report", "chargeback"])
            #expect(text.status == 0 && text.text.contains("exactly: capacity = owner + leases + idle"))
        }

        @Test("a port that another program has is said, and hinders nothing else")
        func portTaken() throws {
            let first = try LoneAgent(more: "warden: none\naccounting: {metrics: '127.0.0.1:0'}")
            try first.start()
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            let url = try LivePool.eventually("metrics are served") {
                try decoder.decode(Status.self, from: try first.surplus("status", "--json").output).metricsUrl
            }
            let place = try #require(url.firstMatch(of: /127.0.0.1:[0-9]+/).map { String($0.output) })
            let second = try LoneAgent(name: "second", more: "warden: none\naccounting: {metrics: '\(place)'}")
            try second.start()
            try LivePool.eventually("it is said") { second.errors.contains("failed to listen on \(place)") ? true : nil }
            #expect(try second.surplus("usage").status == 0)
        }

        @Test("a history that is damaged is set aside at the start, with a word in the log, and the agent goes on")
        func damaged() throws {
            let agent = try LoneAgent(more: "warden: none\naccounting: {interval: 100ms, metrics: none}")
            let file = agent.data + "/history.sqlite"
            try Data(repeating: 0x5a, count: 20_000).write(to: URL(fileURLWithPath: file))
            try agent.start()
            try LivePool.eventually("it was set aside") {
                FileManager.default.fileExists(atPath: file + ".damaged") ? true : nil
            }
            #expect(agent.errors.contains("set aside"))
            #expect(try agent.surplus("usage").status == 0)
            #expect(agent.stop() == 0)
        }
    }
}
