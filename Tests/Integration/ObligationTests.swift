import Foundation
import Testing

extension LiveTests {
    @Suite struct ObligationTests {
        private static let wish = ["--cpu", "0.1", "--memory", "64MiB"]

        @Test(
            "what a job uses is owed in kind, used up by its creditor, and what is left is cancelled; the ledgers agree all along"
        )
        func story() throws {
            let pool = try LivePool(nodes: 2, policy: LivePool.lendingForKind)
            let borrowing =
                ["run", "--on", "node2"] + Self.wish + ["--defer", "100%", "--due-from", "+1s", "--no-credits", "--", "sh", "-c"]
            try LivePool.eventually("node2 lends") {
                try pool.surplus("node1", borrowing + [LivePool.work]).status == 0 ? true : nil
            }
            let id = try LivePool.eventually("node1 owes node2") { try pool.openObligation(on: "node1", owedToUs: false) }
            let theirs = try #require(try pool.obligations(on: "node2").first)
            let ours = try #require(try pool.obligations(on: "node1").first)
            #expect(theirs.obligation == id && theirs.owedToUs && theirs.peerName == "node1" && theirs.left == ours.left)
            #expect(ours.left.cpuCoreMicroseconds > 0)

            let redeeming =
                ["run", "--redeem", id] + Self.wish + [
                    "--for", "2s", "--", "sh", "-c", "n=0; while [ $n -lt 1000 ]; do n=$((n+1)); done",
                ]
            try LivePool.eventually("node1 gives what it owes") {
                try pool.surplus("node2", redeeming).status == 0 ? true : nil
            }
            let used = try LivePool.eventually("both have settled what node2 used") {
                let (here, there) = (try pool.obligations(on: "node1").first, try pool.obligations(on: "node2").first)
                let isSettled = here?.redeemed == there?.redeemed && (here?.redeemed.cpuCoreMicroseconds ?? 0) > 0
                return isSettled ? here : nil
            }
            #expect(used.left.cpuCoreMicroseconds < ours.left.cpuCoreMicroseconds)

            let wrong = try pool.surplus("node1", ["obligation", "cancel", id])
            #expect(
                wrong.status == 1 && wrong.errors.contains("only node2, to whom it is owed, can cancel it"), "\(wrong.errors)")
            let cancelled = try pool.surplus("node2", ["obligation", "cancel", id])
            #expect(cancelled.status == 0 && cancelled.text.contains("settled"), "\(cancelled.text)\(cancelled.errors)")
            try LivePool.eventually("nothing is owed on either side") {
                let all = try pool.obligations(on: "node1") + pool.obligations(on: "node2")
                return all.allSatisfy { $0.settledAt != nil } ? true : nil
            }
            for node in ["node1", "node2"] {
                #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0)
                let story = try pool.surplus(node, ["explain", id])
                #expect(
                    story.status == 0 && story.text.contains("obligation.opened") && story.text.contains("obligation.settled"))
            }
        }

        @Test(
            "what cannot be meant is one clear error, and changes nothing",
            arguments: [
                (["--defer", "120%"], "--defer"), (["--defer", "half"], "--defer"), (["--due", "+1d"], "--due"),
                (["--defer", "50%", "--due-from", "+2d", "--due", "+1d"], "before it starts"),
                (["--redeem", "lse_1"], "not the id"),
                (["--defer", "50%", "--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"], "--redeem"),
            ])
        func refused(arguments: [String], complaint: String) throws {
            let result = try LivePool.run(["run"] + arguments + ["--", "true"], ["SURPLUS_SOCKET": "/nonexistent"])
            #expect(result.status == 2 && result.text.isEmpty && result.errors.contains(complaint), "\(result.errors)")
        }

        @Test("what nobody owes cannot be redeemed")
        func unknown() throws {
            let pool = try LivePool(nodes: 2)
            let result = try pool.surplus(
                "node1", ["lease", "request", "--redeem", "obl_01jd3x9k3v8q2m7r5t6w8y0z1a"] + Self.wish)
            #expect(result.status == 1 && result.errors.contains("nobody owes obligation"), "\(result.errors)")
        }
    }
}
