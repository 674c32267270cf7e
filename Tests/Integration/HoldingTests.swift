import Foundation
import Testing

extension LiveTests {
    /// Capacity held ahead of jobs, and what is said of it, with real daemons.
    @Suite struct HoldingTests {
        private struct Lease: Decodable {
            let lease: String
            let state: String
            let peerName: String
            let group: String?
            let renewsItself: Bool?
            let terms: Terms

            struct Terms: Decodable { let startAt: String? }
        }

        private struct Leases: Decodable { let leases: [Lease] }

        private struct Explanation: Decodable {
            struct Side: Decodable {
                let name: String
                let isSelf: Bool
                let error: String?
                let leases: [View]
            }
            struct View: Decodable { let lease: String }
            struct Event: Decodable {
                let kind: String
                let side: String?
                let at: String
            }
            let sides: [Side]
            let differences: [String]
            let events: [Event]
        }

        private static let small = ["--cpu", "0.1", "--memory", "64MiB"]

        private func lend(_ pool: LivePool, _ nodes: String...) throws {
            for node in nodes {
                try LivePool.eventually("\(node) lends") {
                    try pool.surplus("node1", ["offers"]).text.contains(node + " ") ? true : nil
                }
            }
        }

        @Test("a lease that begins later is shown with its start, and a job under it waits for that")
        func later() throws {
            let pool = try LivePool(nodes: 2)
            try lend(pool, "node2")
            let lease: Lease = try pool.json(
                "node1", ["lease", "request", "--start", "+4s", "--for", "2m", "--renew"] + Self.small)
            #expect(lease.state == "promised" && lease.terms.startAt != nil && lease.renewsItself == true)
            #expect(try pool.surplus("node1", ["lease", "show", lease.lease]).text.contains("begins"))
            let ran = try pool.surplus("node1", ["run", "--lease", lease.lease, "--", "echo", "begun"])
            #expect(ran.status == 0 && ran.text == "begun\n", "\(ran.errors)")
            #expect(try pool.json("node1", ["lease", "show", lease.lease], as: Lease.self).state == "active")
            let story = try pool.surplus("node2", ["explain", lease.lease]).text
            #expect(story.contains("lease.promised") && story.contains("lease.begun"), "\(story)")
            #expect(try pool.surplus("node1", ["lease", "release", lease.lease]).status == 0)
        }

        @Test("a lease from each of several nodes is there, or none")
        func several() throws {
            let pool = try LivePool(nodes: 3)
            try lend(pool, "node2", "node3")
            let leases: Leases = try pool.json("node1", ["lease", "request", "--nodes", "2"] + Self.small)
            #expect(Set(leases.leases.map(\.peerName)) == ["node2", "node3"])
            #expect(Set(leases.leases.map(\.group)).count == 1 && leases.leases.allSatisfy { $0.group != nil })
            for lease in leases.leases {
                #expect(try pool.surplus("node1", ["run", "--lease", lease.lease, "--", "true"]).status == 0)
                #expect(try pool.surplus("node1", ["lease", "release", lease.lease]).status == 0)
            }
            let tooMany = try pool.surplus("node1", ["lease", "request", "--nodes", "3"] + Self.small)
            #expect(tooMany.status == 1 && tooMany.errors.contains("only 2 can be asked"), "\(tooMany.errors)")
            // One of the two cannot: nothing is kept of the other.
            #expect(try pool.surplus("node3", ["policy", "apply", try closed(pool)]).status == 0)
            let half = try pool.surplus("node1", ["lease", "request", "--nodes", "2"] + Self.small)
            #expect(half.status == 1 && half.errors.contains("1 of 2 nodes would lend"), "\(half.errors)")
            let left: Leases = try pool.json("node1", ["lease", "list"])
            #expect(left.leases.isEmpty)
        }

        private func closed(_ pool: LivePool) throws -> String {
            let path = pool.directory + "/closed.yaml"
            try "name: shut\nlend: nothing\n".write(toFile: path, atomically: true, encoding: .utf8)
            return path
        }

        private struct Refused: Decodable {
            struct Alternative: Decodable {
                let kind: String
                let nodeName: String?
                let command: String
                let amounts: Amounts

                struct Amounts: Decodable { let cpuMillicores: Int }
            }
            let alternatives: [Alternative]
        }

        @Test("what cannot be had comes with the nearest that can, and the command that is shown gets it")
        func nearest() throws {
            let pool = try LivePool(nodes: 3)
            try lend(pool, "node2", "node3")
            let wish = ["lease", "request", "--cpu", "100", "--memory", "64MiB", "--for", "1m", "--on", "node2"]
            let refused = try pool.surplus("node1", wish)
            #expect(refused.status == 1 && refused.errors.contains("nearest: less: node2 lends"), "\(refused.errors)")
            let command = try #require(refused.errors.firstMatch(of: #/    surplus (lease request .*)/#)?.1)
            #expect(try pool.surplus("node1", command.split(separator: " ").map(String.init)).status == 0, "\(command)")

            let asked = try pool.surplus("node1", wish + ["--json"])
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            #expect(asked.status == 1)
            let alternatives = try decoder.decode(Refused.self, from: asked.output).alternatives
            #expect(alternatives.allSatisfy { $0.amounts.cpuMillicores > 0 && $0.command.hasPrefix("surplus lease request") })

            #expect(try pool.surplus("node2", ["policy", "apply", try closed(pool)]).status == 0)
            let elsewhere = try pool.surplus("node1", ["lease", "request", "--on", "node2"] + Self.small)
            #expect(elsewhere.errors.contains("nearest: elsewhere: node3 lends"), "\(elsewhere.errors)")
        }

        @Test("a story is told by both sides, and by one when the other is away")
        func bothSides() throws {
            let pool = try LivePool(nodes: 3)
            try lend(pool, "node2")
            let lease: Lease = try pool.json("node1", ["lease", "request", "--on", "node2"] + Self.small)
            let ran = try pool.surplus("node1", ["run", "--lease", lease.lease, "--detach", "--", "true"])
            let job = try #require(ran.text.firstMatch(of: /job_[0-9a-z]{26}/).map { String($0.output) })
            #expect(try pool.surplus("node1", ["job", "wait", job]).status == 0)
            for (node, other) in [("node1", "node2"), ("node2", "node1")] {
                let told: Explanation = try pool.json(node, ["explain", lease.lease])
                #expect(told.sides.map(\.name) == [node, other] && told.sides.allSatisfy { $0.error == nil })
                #expect(told.sides.allSatisfy { $0.leases.map(\.lease) == [lease.lease] } && told.differences.isEmpty)
                #expect(Set(told.events.map { $0.side == nil }) == [true, false], "lines of both")
                #expect(told.events.map(\.at) == told.events.map(\.at).sorted())
            }
            let steps: Explanation = try pool.json("node1", ["explain", job])
            let kinds = steps.events.map(\.kind)
            for kind in ["job.submitted", "job.hosted", "job.started", "job.finished"] {
                #expect(kinds.contains(kind), "\(kinds)")
            }
            // Whoever has no part in it learns nothing.
            #expect(try pool.surplus("node3", ["explain", lease.lease]).status == 1)

            try pool.stop("node2")
            let alone: Explanation = try pool.json("node1", ["explain", lease.lease])
            #expect(alone.sides.count == 2 && alone.sides[1].error != nil && !alone.events.isEmpty)
            let text = try pool.surplus("node1", ["explain", lease.lease]).text
            #expect(text.contains("does not tell its side"), "\(text)")
            try pool.start("node2")
        }

        @Test(
            "what cannot be meant is said at once",
            arguments: [
                (["--start", "yesterday"], "is no time"), (["--start", "2020-01-01T00:00Z"], "past"),
                (["--start", "+30d"], "too far ahead"), (["--nodes", "0"], "out of range"),
                (["--nodes", "2", "--on", "node2"], "name more"),
            ])
        func usage(_ arguments: [String], _ complaint: String) throws {
            let result = try LivePool.run(["lease", "request"] + arguments)
            #expect(result.status == 2 && result.errors.contains(complaint), "\(result.status): \(result.errors)")
        }
    }
}
