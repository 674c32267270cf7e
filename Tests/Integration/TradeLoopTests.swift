import Foundation
import Testing

extension LiveTests {
    /// The main job, with real agents, wardens, control groups, sandboxes, TLS and SQLite.
    @Suite struct TradeLoopTests {
        private struct Leases: Decodable {
            struct Lease: Decodable {
                let lease: String
                let state: String
                let role: String
            }
            let leases: [Lease]
        }

        private struct Credits: Decodable {
            let balanceMicrocredits: Int64
            let earnedMicrocredits: Int64
            let spentMicrocredits: Int64
        }

        @Test("a program runs on a peer, its output and exit status come home, and credits settle on both sides")
        func mainJob() throws {
            let pool = try LivePool(nodes: 2)
            let ran = try pool.surplus(
                "node1",
                [
                    "run", "--cpu", "0.2", "--memory", "64MiB", "--", "sh", "-c",
                    "echo out; echo err >&2; i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; exit 7",
                ])
            #expect(ran.status == 7, "\(ran.errors)")
            #expect(ran.text == "out\n")
            #expect(ran.errors.contains("err\n"))
            let _: Bool = try LivePool.eventually("both leases are settled") {
                let open = try ["node1", "node2"].flatMap { try pool.json($0, ["lease", "list"], as: Leases.self).leases }
                return open.isEmpty ? true : nil
            }
            let borrower: Credits = try pool.json("node1", ["credits"])
            let lender: Credits = try pool.json("node2", ["credits"])
            #expect(lender.earnedMicrocredits > 0)
            #expect(lender.balanceMicrocredits == -borrower.balanceMicrocredits)
            #expect(borrower.spentMicrocredits == lender.earnedMicrocredits)
            for node in ["node1", "node2"] { #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0) }
        }

        @Test("a job's lease is renewed until the time that was asked for is over, where one term is shorter")
        func renewedForItsTime() throws {
            let pool = try LivePool(nodes: 2, policy: "include: blade\nname: short\nlend: {longest_term: 4s}\n")
            let wish = ["run", "--for", "60s", "--cpu", "0.2", "--memory", "64MiB", "--"]
            let ran = try pool.surplus("node1", wish + ["sh", "-c", "sleep 9; echo late"])
            #expect(ran.status == 0 && ran.text == "late\n", "\(ran.errors)")
        }

        @Test("a program that runs longer than its time limit is asked to end, and both sides say why it did")
        func timeLimit() throws {
            struct Job: Decodable {
                let job: String
                let state: String
                let failure: String?
                let timeLimitMicroseconds: Int64?
            }
            struct Jobs: Decodable { let jobs: [Job] }
            let pool = try LivePool(nodes: 2)
            let ran = try pool.surplus(
                "node1", ["run", "--cpu", "0.2", "--memory", "64MiB", "--time-limit", "1s", "--", "sleep", "1000"])
            let reason = "it ran longer than its time limit of 1 s"
            #expect(ran.status == 125 && ran.errors.contains(reason), "\(ran.errors)")
            let jobs: Jobs = try pool.json("node1", ["job", "list", "--all"])
            let job = try #require(jobs.jobs.first)
            #expect(job.timeLimitMicroseconds == 1_000_000 && job.state == "failed")
            #expect(job.failure == "the lender stopped the program: \(reason)")
            #expect(try pool.surplus("node2", ["explain", job.job]).text.contains(reason))
            let wrong = try pool.surplus("node1", ["run", "--time-limit", "0s", "--", "true"])
            #expect(wrong.status == 2 && wrong.errors.contains("--time-limit"), "\(wrong.errors)")
        }

        @Test(
            "exit statuses are the program's own, and tell surplus' own failures apart",
            arguments: [
                (["true"], 0), (["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -KILL $$"], 137), (["no-such-program"], 127),
                (["/etc/passwd"], 126),
            ] as [([String], Int32)])
        func exitStatuses(_ command: [String], _ status: Int32) throws {
            let pool = try LivePool(nodes: 2)
            let ran = try pool.surplus("node1", ["run", "--cpu", "0.1", "--memory", "64MiB", "--"] + command)
            #expect(ran.status == status, "\(ran.errors)")
        }

        @Test("standard input reaches the program and large output comes back unchanged")
        func streams() throws {
            let pool = try LivePool(nodes: 2)
            var random = SystemRandomNumberGenerator()
            let input = Data((0..<2_000_000).map { _ in UInt8.random(in: .min ... .max, using: &random) })
            let ran = try pool.surplus("node1", ["run", "--cpu", "0.5", "--memory", "128MiB", "--", "cat"], input: input)
            #expect(ran.status == 0, "\(ran.errors)")
            #expect(ran.output == input)
        }

        @Test("input files are there for the program, and output files come home unchanged")
        func files() throws {
            let pool = try LivePool(nodes: 2)
            let home = pool.directory + "/home"
            try FileManager.default.createDirectory(atPath: home + "/tree/below", withIntermediateDirectories: true)
            try Data("one".utf8).write(to: URL(fileURLWithPath: home + "/tree/a"))
            try Data("two".utf8).write(to: URL(fileURLWithPath: home + "/tree/below/b"))
            let ran = try pool.surplus(
                "node1",
                [
                    "run", "--cpu", "0.2", "--memory", "64MiB", "--input", "tree", "--output", "all.txt", "--", "sh", "-c",
                    "cat tree/a tree/below/b > all.txt",
                ],
                in: home)
            #expect(ran.status == 0, "\(ran.errors)")
            #expect(try String(contentsOfFile: home + "/all.txt", encoding: .utf8) == "onetwo")
            try FileManager.default.removeItem(atPath: home)
        }

        @Test("a request that nobody can meet is refused with the reasons, and nothing is spent")
        func refusal() throws {
            let pool = try LivePool(nodes: 2)
            let ran = try pool.surplus("node1", ["run", "--cpu", "500", "--", "true"])
            #expect(ran.status == 125)
            #expect(ran.errors.contains("node2"))
            let credits: Credits = try pool.json("node1", ["credits"])
            #expect(credits.spentMicrocredits == 0)
        }

        @Test("a policy that lends nothing refuses everyone")
        func closed() throws {
            let pool = try LivePool(nodes: 2, policy: "name: shut\nlend: nothing\n")
            let ran = try pool.surplus("node1", ["run", "--", "true"])
            #expect(ran.status == 125)
            #expect(ran.errors.contains("policy") || ran.errors.contains("lends nothing"))
        }

        @Test("a lease can be held without a job, shown, explained and given back")
        func leaseWithoutJob() throws {
            let pool = try LivePool(nodes: 2)
            let requested = try pool.surplus("node1", ["lease", "request", "--cpu", "0.1", "--memory", "64MiB", "--json"])
            #expect(requested.status == 0, "\(requested.errors)")
            let lease = try #require(requested.text.firstMatch(of: /lse_[0-9a-z]{26}/).map { String($0.output) })
            #expect(try pool.surplus("node1", ["lease", "show", lease]).status == 0)
            #expect(try pool.surplus("node2", ["lease", "list"]).text.contains(lease))
            let story = try pool.surplus("node1", ["explain", lease])
            #expect(story.text.contains("node2"))
            #expect(try pool.surplus("node1", ["run", "--lease", lease, "--", "true"]).status == 0)
            #expect(try pool.surplus("node1", ["lease", "release", lease]).status == 0)
        }
    }
}
