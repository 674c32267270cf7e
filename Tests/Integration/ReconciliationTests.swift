import Foundation
import Synchronization
import Testing

extension LiveTests {
    /// Two ledgers that are compared, and one that was changed.
    @Suite struct ReconciliationTests {
        private struct Reconciled: Decodable {
            struct Peer: Decodable {
                let peerName, outcome: String
                let entries: Int?
                let checkpoint: Checkpoint?
                let difference: Difference?
                let failure: String?
            }
            struct Checkpoint: Decodable { let checkpoint: String, digest: String, balanceMicrocredits: Int64 }
            struct Difference: Decodable { let here, there: Version? }
            struct Version: Decodable { let transfer: String, amountMicrocredits: Int64 }
            let peers: [Peer]
        }

        private static func reconcile(_ pool: LivePool, _ node: String, status: Int32) throws -> Reconciled.Peer {
            let result = try pool.surplus(node, ["ledger", "reconcile", node == "node1" ? "node2" : "node1", "--json"])
            #expect(result.status == status, "\(result.text)\(result.errors)")
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try #require(try decoder.decode(Reconciled.self, from: result.output).peers.first)
        }

        private static func trade(_ pool: LivePool) throws {
            let ran = try pool.surplus(
                "node1", ["run", "--on", "node2", "--cpu", "0.2", "--memory", "64MiB", "--", "sh", "-c", LivePool.work])
            #expect(ran.status == 0, "\(ran.errors)")
            try LivePool.eventually("the lease is settled") {
                struct Leases: Decodable { let leases: [Lease] }
                struct Lease: Decodable { let state: String }
                let list: Leases = try pool.json("node1", ["lease", "list", "--all"])
                return list.leases.allSatisfy { $0.state == "settled" } ? true : nil
            }
        }

        /// Changes what was last settled as a cheater would: balances come out as before, by another account.
        private static func alter(_ pool: LivePool, _ node: String) throws {
            try pool.stop(node)
            let script = """
                import sqlite3, sys
                db = sqlite3.connect(sys.argv[1])
                triggers = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
                for name, _ in triggers: db.execute("DROP TRIGGER " + name)
                (row,) = db.execute("SELECT max(sequence) FROM transfers WHERE kind IN ('direct', 'post')").fetchone()
                db.execute("UPDATE transfers SET amount = amount + 1 WHERE sequence = ?", (row,))
                for side, column in (('debit', 'debits_posted'), ('credit', 'credits_posted')):
                    db.execute("UPDATE accounts SET " + column + " = " + column + " + 1 WHERE id = (SELECT " + side
                        + " FROM transfers WHERE sequence = ?)", (row,))
                for _, sql in triggers: db.execute(sql)
                db.commit()
                """
            let file = "\(pool.directory)/\(node)/data/ledger/ledger-000001.sqlite"
            let changed = try LivePool.run(["-c", script, file], path: "/usr/bin/python3")
            try #require(changed.status == 0, "\(changed.errors)")
            try pool.start(node)
        }

        @Test("two agents agree and sign it; a transfer that one of them changes afterwards is named with both versions")
        func changed() throws {
            let pool = try LivePool(nodes: 2)
            try Self.trade(pool)
            let agreed = try Self.reconcile(pool, "node1", status: 0)
            let checkpoint = try #require(agreed.checkpoint)
            #expect(agreed.outcome == "agreed" && agreed.entries ?? 0 > 0)
            for node in ["node1", "node2"] {
                let status = try pool.surplus(node, ["ledger", "status", "--json"])
                #expect(status.text.contains(checkpoint.checkpoint) && status.text.contains(checkpoint.digest), "\(status.text)")
                #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0)
            }
            #expect(try Self.reconcile(pool, "node2", status: 0).checkpoint?.checkpoint == checkpoint.checkpoint)

            try Self.alter(pool, "node2")
            let differs = try LivePool.eventually("node2 can be asked again") {
                let result = try pool.surplus("node1", ["ledger", "reconcile", "node2", "--json"])
                return result.text.contains("\"differs\"") ? true : nil
            }
            #expect(differs)
            let found = try Self.reconcile(pool, "node1", status: 1)
            let difference = try #require(found.difference)
            let (here, there) = (try #require(difference.here), try #require(difference.there))
            #expect(here.transfer == there.transfer && there.amountMicrocredits == here.amountMicrocredits - 1)
            let events = try pool.surplus("node2", ["events", "--kind", "ledger.differs", "--last", "10"])
            #expect(events.text.contains("differs"), "\(events.text)\(events.errors)")
            #expect(try pool.surplus("node1", ["doctor"]).text.contains("differs from this one"))
            let status = try pool.surplus("node1", ["ledger", "status"])
            #expect(
                status.text.contains("DIFFERS from \(here.transfer)") && !status.text.contains("agreed with"), "\(status.text)")

            try pool.stop("node2")
            let away = try pool.surplus("node1", ["ledger", "reconcile"])
            #expect(away.status == 1, "\(away.text)\(away.errors)")
            for part in ["not compared", "see whether surplusd runs on node2", "DIFFERS from \(here.transfer)"] {
                #expect(away.text.contains(part), "\(part) in \(away.text)")
            }
        }

        @Test("two users who ask at once both get the outcome; a peer that is away is exit status 3")
        func atOnce() throws {
            let pool = try LivePool(nodes: 2)
            try Self.trade(pool)
            let socket = pool.socket("node1")
            let ended = Mutex<[LivePool.Result]>([])
            DispatchQueue.concurrentPerform(iterations: 4) { _ in
                let result = try? LivePool.run(["ledger", "reconcile", "node2"], ["SURPLUS_SOCKET": socket])
                ended.withLock { $0 += [result].compactMap(\.self) }
            }
            let results = ended.withLock { $0 }
            #expect(results.count == 4)
            for result in results {
                #expect(result.status == 0 && result.text.contains("agreed"), "\(result.text)\(result.errors)")
            }
            try pool.stop("node2")
            #expect(try Self.reconcile(pool, "node1", status: 3).outcome == "failed")
        }

        @Test("a peer that nobody knows is bad usage, and so is this node itself: the same words whatever is asked of it")
        func usage() throws {
            let pool = try LivePool(nodes: 1)
            let commands = [
                ["ledger", "reconcile"], ["statement"], ["obligation", "list", "--peer"], ["dispute", "list", "--peer"],
                ["lease", "request", "--on"], ["lease", "request", "--dry-run", "--on"],
            ]
            for (peer, words) in [
                ("node9", "surplus: no node 'node9' in this pool: see 'surplus nodes'\n"),
                ("node1", "surplus: 'node1' is this node itself: name another one\n"),
            ] {
                for command in commands {
                    let refused = try pool.surplus("node1", command + [peer])
                    #expect(refused.status == 2 && refused.errors == words, "\(command): \(refused.status): \(refused.errors)")
                }
                let run = try pool.surplus("node1", ["run", "--on", peer, "--", "true"])
                #expect(run.status == 2 && run.errors == words, "\(run.status): \(run.errors)")
            }
            let empty = try pool.surplus("node1", ["ledger", "reconcile", ""])
            #expect(empty.status == 2 && empty.errors.contains("peer: it is empty"), "\(empty.errors)")
            let kind = try pool.surplus("node1", ["events", "--kind", "disput.*"])
            #expect(kind.status == 2 && kind.errors.contains("did you mean 'dispute.*'?"), "\(kind.status): \(kind.errors)")
        }
    }
}
