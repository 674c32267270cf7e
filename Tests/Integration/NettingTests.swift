import Foundation
import Testing

extension LiveTests {
    @Suite struct NettingTests {
        private struct Credits: Decodable {
            struct Line: Decodable {
                let peerName: String
                let balanceMicrocredits: Int64
                let nettingMicrocredits: Int64?
            }
            let balanceMicrocredits, pendingIncomingMicrocredits, pendingOutgoingMicrocredits: Int64
            let lines: [Line]

            func balance(with peer: String) -> Int64 { lines.first { $0.peerName == peer }?.balanceMicrocredits ?? 0 }
        }

        private struct Netted: Decodable {
            struct Cycle: Decodable {
                let memberNames: [String]
                let amountMicrocredits: Int64
                let outcome: String
                let netting: String?
            }
            let dryRun: Bool
            let cycles: [Cycle]
            let owedToUsBeforeMicrocredits, owedToUsAfterMicrocredits, weOweBeforeMicrocredits, weOweAfterMicrocredits: Int64
        }

        private struct Statement: Decodable {
            struct Entry: Decodable {
                let purpose: String
                let transfer: String
                let amountMicrocredits: Int64
            }
            let closingMicrocredits: Int64
            let entries: [Entry]
        }

        /// A hundred credits a core-hour, so that a moment's work is worth netting.
        private static let policy = """
            name: dear
            lend:
              cpu: {threshold: 100%, share: 90%, price: 100}
              memory: {threshold: 100%, share: 50%, price: 0.1}
            credit: {grants: 10, owes: 10}
            borrow: {highest_price: {cpu: 200, memory: 1}}
            """

        private static let nodes = ["node1", "node2", "node3"]

        /// Each has borrowed from the next one, and the last from the first.
        private static func traded() throws -> LivePool {
            let pool = try LivePool(nodes: 3, policy: policy)
            for (borrower, lender) in zip(nodes, nodes.dropFirst() + nodes.prefix(1)) {
                let script = "n=0; while [ $n -lt 100000 ]; do n=$((n+1)); done"
                try LivePool.eventually("\(lender) lends") {
                    let words = ["run", "--on", lender, "--cpu", "0.1", "--memory", "64MiB", "--", "sh", "-c", script]
                    return try pool.surplus(borrower, words).status == 0 ? true : nil
                }
            }
            for node in nodes {
                try LivePool.eventually("\(node) has settled") {
                    struct Leases: Decodable { let leases: [Lease] }
                    struct Lease: Decodable { let state: String }
                    let list: Leases = try pool.json(node, ["lease", "list", "--all"])
                    return list.leases.allSatisfy { $0.state == "settled" } ? true : nil
                }
            }
            return pool
        }

        @Test("a cycle of debts that leases have made is netted, on all sides alike, and every ledger still balances")
        func cycle() throws {
            let pool = try Self.traded()
            let before = try Self.nodes.map { try pool.json($0, ["credits"], as: Credits.self) }
            let debts = [-before[0].balance(with: "node2"), -before[1].balance(with: "node3"), -before[2].balance(with: "node1")]
            let least = try #require(debts.min())
            try #require(least >= 1000, "\(debts)")

            let found: Netted = try pool.json("node1", ["credits", "net", "--dry-run"])
            #expect(found.dryRun && found.cycles.map(\.memberNames) == [Self.nodes])
            #expect(found.cycles.map(\.amountMicrocredits) == [least] && found.cycles.map(\.outcome) == ["found"])
            let untouched: Credits = try pool.json("node1", ["credits"])
            #expect(untouched.balance(with: "node2") == -debts[0])

            let netted: Netted = try pool.json("node1", ["credits", "net"])
            #expect(netted.cycles.map(\.outcome) == ["netted"] && netted.cycles.map(\.amountMicrocredits) == [least])
            #expect(netted.weOweAfterMicrocredits == netted.weOweBeforeMicrocredits - least)
            #expect(netted.owedToUsAfterMicrocredits == netted.owedToUsBeforeMicrocredits - least)
            let id = try #require(netted.cycles.first?.netting)
            for node in Self.nodes { try Self.expectPosted(id, on: node, pool) }

            let after = try Self.nodes.map { try pool.json($0, ["credits"], as: Credits.self) }
            #expect(-after[0].balance(with: "node2") == debts[0] - least && after[1].balance(with: "node1") == debts[0] - least)
            #expect(-after[1].balance(with: "node3") == debts[1] - least && after[2].balance(with: "node2") == debts[1] - least)
            #expect(-after[2].balance(with: "node1") == debts[2] - least && after[0].balance(with: "node3") == debts[2] - least)
            #expect(after.map(\.balanceMicrocredits) == before.map(\.balanceMicrocredits))
            for credits in after {
                #expect(credits.pendingIncomingMicrocredits == 0 && credits.pendingOutgoingMicrocredits == 0)
                #expect(credits.lines.allSatisfy { $0.nettingMicrocredits == nil })
            }
            try expectStatements(pool, after, least)
            try expectJournals(pool)
            try expectStory(of: id, pool)
        }

        @Test("where nobody owes this node anything there is no cycle, and a policy that nets nothing says so")
        func nothing() throws {
            let pool = try LivePool(nodes: 2, policy: Self.policy)
            let found: Netted = try pool.json("node1", ["credits", "net"])
            #expect(found.cycles.isEmpty && found.weOweBeforeMicrocredits == 0)
            let path = pool.directory + "/never.yaml"
            try (Self.policy + "\n").replacingOccurrences(of: "owes: 10}", with: "owes: 10, net: never}")
                .write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try pool.surplus("node1", ["policy", "apply", path]).status == 0)
            let refused = try pool.surplus("node1", ["credits", "net"])
            #expect(refused.status == 1 && refused.errors.contains("policy 'dear' nets nothing"), "\(refused.errors)")
        }

        /// A member may hear of the decision after the initiator has told of it.
        private static func expectPosted(_ id: String, on node: String, _ pool: LivePool) throws {
            struct Story: Decodable {
                struct Event: Decodable { let kind: String, side: String? }
                let events: [Event]
            }
            try LivePool.eventually("\(node) has netted") {
                let result = try pool.surplus(node, ["explain", id, "--json"])
                guard result.status == 0 else { return nil as Bool? }
                let story = try JSONDecoder().decode(Story.self, from: result.output)
                return story.events.contains { $0.kind == "netting.committed" && $0.side == nil } ? true : nil
            }
        }

        private func expectStatements(_ pool: LivePool, _ credits: [Credits], _ least: Int64) throws {
            var ids: Set<String> = []
            for (node, credits) in zip(Self.nodes, credits) {
                for line in credits.lines {
                    let statement: Statement = try pool.json(node, ["statement", line.peerName])
                    #expect(statement.closingMicrocredits == line.balanceMicrocredits)
                    #expect(statement.entries.reduce(0) { $0 + $1.amountMicrocredits } == line.balanceMicrocredits)
                    let netted = statement.entries.filter { $0.purpose == "netted" }
                    #expect(netted.map { abs($0.amountMicrocredits) } == [least])
                    ids.formUnion(netted.map(\.transfer))
                }
                let all: Statement = try pool.json(node, ["statement"])
                #expect(all.closingMicrocredits == credits.balanceMicrocredits)
                #expect(all.entries.filter { $0.purpose == "netted" }.map(\.amountMicrocredits).sorted() == [-least, least])
                #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0)
            }
            #expect(ids.count == 1, "it has one name on all sides")
        }

        private func expectJournals(_ pool: LivePool) throws {
            for node in Self.nodes {
                for (format, program) in [
                    ("hledger", ["/usr/bin/hledger", "check", "-f"]), ("beancount", ["/usr/bin/bean-check"]),
                ] {
                    let export = try pool.surplus(node, ["ledger", "export", "--format", format])
                    let file = pool.directory + "/journal"
                    try export.text.write(toFile: file, atomically: true, encoding: .utf8)
                    let found = try LivePool.run(Array(program.dropFirst()) + [file], path: program[0])
                    #expect(found.status == 0 && found.errors.isEmpty, "\(found.text)\(found.errors)\n\(export.text)")
                    #expect(export.text.contains("netted"))
                }
            }
        }

        private func expectStory(of id: String, _ pool: LivePool) throws {
            let story = try pool.surplus("node2", ["explain", id])
            #expect(story.status == 0)
            for part in ["netting.proposed", "netting.prepared", "netting.committed", "node1", "node3"] {
                #expect(story.text.contains(part), "\(part) in \(story.text)")
            }
        }
    }
}
