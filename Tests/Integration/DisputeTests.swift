import Foundation
import Testing

extension LiveTests {
    @Suite struct DisputeTests {
        @Test("what was paid is disputed by a person, given back in part, and the rest withdrawn; the ledgers agree all along")
        func story() throws {
            let pool = try LivePool(nodes: 2, policy: "include: blade\nname: plain\n")
            let (receipt, amount) = try pool.paidReceipt(of: "node1", from: "node2")
            let before = try Self.balance(pool, "node1")
            #expect(before == -amount && amount > 2)

            let opened = try pool.surplus("node1", ["dispute", "open", receipt, "--reason", "it was slow"])
            #expect(opened.status == 0 && opened.text.contains("it was slow"), "\(opened.text)\(opened.errors)")
            let ours = try #require(try pool.disputes(on: "node1").first)
            #expect(ours.leftMicrocredits == amount && ours.state == "open" && ours.next == "withdraw" && ours.cause == "person")
            let theirs = try #require(try pool.disputes(on: "node2").first)
            #expect(theirs.dispute == ours.dispute && theirs.next == "accept" && theirs.reason == "it was slow")
            #expect(try Self.balance(pool, "node1") == before, "nothing moves before it is accepted")
            let twice = try pool.surplus("node1", ["dispute", "open", receipt, "--reason", "again"])
            #expect(twice.status == 1 && twice.errors.contains("nothing of it is left to dispute"), "\(twice.errors)")
            let wrong = try pool.surplus("node1", ["dispute", "accept", ours.dispute])
            #expect(wrong.status == 1 && wrong.errors.contains("this node can withdraw it"), "\(wrong.errors)")

            // A restart forgets none of it.
            try pool.stop("node2")
            try pool.start("node2")
            let accepted = try LivePool.eventually("node2 gives some of it back") {
                let result = try pool.surplus("node2", ["dispute", "accept", ours.dispute, "--amount", "0.000002"])
                return result.status == 0 ? result : nil
            }
            #expect(accepted.text.contains("accepted"), "\(accepted.text)")
            try LivePool.eventually("both have booked it") {
                try Self.balance(pool, "node1") == before + 2 && Self.balance(pool, "node2") == -before - 2 ? true : nil
            }
            let withdrawn = try pool.surplus("node1", ["dispute", "withdraw", ours.dispute])
            #expect(withdrawn.status == 0 && withdrawn.text.contains("resolved"), "\(withdrawn.text)\(withdrawn.errors)")
            try LivePool.eventually("it is over on both sides") {
                let all = try pool.disputes(on: "node1") + pool.disputes(on: "node2")
                return all.count == 2 && all.allSatisfy { $0.state == "resolved" && $0.leftMicrocredits == 0 } ? true : nil
            }
            #expect(try Self.balance(pool, "node1") == before + 2)
            for node in ["node1", "node2"] {
                #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0)
                let story = try pool.surplus(node, ["explain", ours.dispute])
                #expect(story.status == 0 && story.text.contains("dispute.opened") && story.text.contains("dispute.resolved"))
                #expect(try pool.surplus(node, ["statement"]).text.contains("given back"))
                try Self.expectExported(pool, node)
            }
        }

        private static func balance(_ pool: LivePool, _ node: String) throws -> Int64 {
            struct Credits: Decodable { let balanceMicrocredits: Int64 }
            return try pool.json(node, ["credits"], as: Credits.self).balanceMicrocredits
        }

        /// Programs for bookkeeping take the journal.
        private static func expectExported(_ pool: LivePool, _ node: String) throws {
            let file = pool.directory + "/journal"
            for (format, program) in [("beancount", ["bean-check", file]), ("hledger", ["hledger", "-f", file, "check"])] {
                let export = try pool.surplus(node, ["ledger", "export", "--format", format])
                #expect(export.status == 0, "\(export.errors)")
                try export.text.write(toFile: file, atomically: true, encoding: .utf8)
                let checked = try LivePool.run(Array(program.dropFirst()), path: "/usr/bin/" + program[0])
                #expect(checked.status == 0 && checked.errors.isEmpty, "\(checked.text)\(checked.errors)\n\(export.text)")
            }
        }

        @Test(
            "what cannot be meant is one clear error, and changes nothing",
            arguments: [
                (["open", "lse_1", "--reason", "x"], "not the id of a receipt"), (["show", "dsp_1"], "not the id of a dispute"),
                (["open", "rct_01jd3x9k3v8q2m7r5t6w8y0z1b", "--reason", " "], "--reason"),
                (["open", "rct_01jd3x9k3v8q2m7r5t6w8y0z1b"], "--reason"),
                (["open", "rct_01jd3x9k3v8q2m7r5t6w8y0z1b", "--reason", "x", "--amount", "0"], "out of range"),
                (["accept", "dsp_01jd3x9k3v8q2m7r5t6w8y0z1b", "--amount", "many"], "--amount"),
                (["withdraw"], "dispute"),
            ])
        func refused(arguments: [String], complaint: String) throws {
            let result = try LivePool.run(["dispute"] + arguments, ["SURPLUS_SOCKET": "/nonexistent"])
            #expect(result.status == 2 && result.text.isEmpty && result.errors.contains(complaint), "\(result.errors)")
        }

        @Test("what is not known cannot be disputed, accepted or shown")
        func unknown() throws {
            let pool = try LivePool(nodes: 2)
            for (words, complaint) in [
                (["open", "rct_01jd3x9k3v8q2m7r5t6w8y0z1b", "--reason", "x"], "there is no receipt"),
                (["accept", "dsp_01jd3x9k3v8q2m7r5t6w8y0z1b"], "'surplus dispute list' shows"),
                (["show", "dsp_01jd3x9k3v8q2m7r5t6w8y0z1b"], "is not known here"),
            ] {
                let result = try pool.surplus("node1", ["dispute"] + words)
                #expect(result.status == 1 && result.text.isEmpty && result.errors.contains(complaint), "\(result.errors)")
            }
        }
    }
}
