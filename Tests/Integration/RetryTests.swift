import Foundation
import Testing

extension LiveTests {
    /// Whoever takes a machine back, or loses it, the job comes to its end elsewhere.
    @Suite struct RetryTests {
        private struct Job: Decodable {
            struct Attempt: Decodable {
                let lenderName, reason: String
            }
            let state: String
            let lenderName: String?
            let exitCode: Int?
            let failure: String?
            let interrupted, outputsReady: Bool
            let attempts: [Attempt]
            let lease: String?
        }

        /// Counts on from where it was cut short, and makes a file at its end.
        private static let script = """
            trap 'echo saved at $n; echo $n > at; cat $SURPLUS_NOTICE; exit 143' TERM
            n=$(cat at 2>/dev/null || echo 0); echo from $n
            while [ $n -lt LAST ]; do n=$((n+1)); echo $n > at; sleep 0.1; done
            echo $n > done
            """

        private static func submit(_ pool: LivePool, _ options: [String], last: Int) throws -> String {
            let words = ["run", "--cpu", "0.2", "--memory", "64MiB", "--detach"] + options
            let ran = try pool.surplus(
                "node1", words + ["--", "sh", "-c", script.replacing("LAST", with: "\(last)")])
            try #require(ran.status == 0, "\(ran.errors)")
            return try #require(ran.text.firstMatch(of: /job_[0-9a-z]{26}/).map { String($0.output) })
        }

        private static func job(_ pool: LivePool, _ id: String) throws -> Job { try pool.json("node1", ["job", "show", id]) }

        private static func running(_ pool: LivePool, _ id: String, after text: String) throws -> Job {
            try LivePool.eventually("it runs") {
                try pool.surplus("node1", ["job", "logs", id]).text.contains(text) ? true : nil
            }
            return try job(pool, id)
        }

        @Test("a job whose machine is taken back has its notice, saves what it has, and goes on from there on another")
        func takenBack() throws {
            let pool = try LivePool(nodes: 3)
            let id = try Self.submit(pool, ["--retry", "--checkpoint", "at", "--output", "done"], last: 60)
            let first = try #require(try Self.running(pool, id, after: "from 0").lenderName)
            let reclaimed = try pool.surplus(first, ["reclaim", "--all", "--yes"])
            #expect(reclaimed.status == 0, "\(reclaimed.errors)")
            let waited = try pool.surplus("node1", ["job", "wait", "--to", pool.directory, id])
            #expect(waited.status == 0, "\(waited.errors)")
            let job = try Self.job(pool, id)
            #expect(job.attempts.map(\.lenderName) == [first])
            #expect(job.attempts.first?.reason.contains("owner") == true)
            #expect(job.lenderName != first)
            let lines = try pool.surplus("node1", ["job", "logs", id]).text.split(separator: "\n").map(String.init)
            let saved = try #require(lines.first { $0.hasPrefix("saved at ") }?.dropFirst(9))
            #expect(lines.first == "from 0" && lines.last == "from \(saved)")
            #expect(Int(saved).map { (1..<60).contains($0) } == true)
            #expect(lines.contains { $0.hasPrefix("ends=") } && lines.contains { $0.hasPrefix("reason=") })
            #expect(try String(contentsOfFile: pool.directory + "/done", encoding: .utf8) == "60\n")
            for node in ["node1", "node2", "node3"] { #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0) }
        }

        @Test("a job that is not to be run again says why it was cut short, and what it made is brought home")
        func once() throws {
            let pool = try LivePool(nodes: 2)
            let id = try Self.submit(pool, ["--checkpoint", "at"], last: 100_000)
            _ = try Self.running(pool, id, after: "from 0")
            #expect(try pool.surplus("node2", ["reclaim", "--all", "--yes"]).status == 0)
            let waited = try pool.surplus("node1", ["job", "wait", "--to", pool.directory, id])
            #expect(waited.status == 125)
            #expect(waited.errors.contains("its machine was taken back"))
            let job = try Self.job(pool, id)
            #expect(job.state == "failed" && job.interrupted && job.outputsReady)
            let saved = try String(contentsOfFile: pool.directory + "/at", encoding: .utf8)
            #expect(try pool.surplus("node1", ["job", "logs", id]).text.contains("saved at \(saved)"))
        }

        @Test("a job whose lender is gone for good is run on another, from what was saved last, and both books are true")
        func lost() throws {
            let pool = try LivePool(nodes: 3)
            let id = try Self.submit(pool, ["--retry", "--lost-after", "2s", "--output", "done"], last: 40)
            let first = try Self.running(pool, id, after: "from 0")
            let lender = try #require(first.lenderName)
            let daemons = try pool.daemons(lender)
            for pid in [daemons.pid, daemons.wardenPid] { kill(try #require(pid), SIGKILL) }
            let waited = try pool.surplus("node1", ["job", "wait", "--to", pool.directory, id])
            #expect(waited.status == 0, "\(waited.errors)")
            let job = try Self.job(pool, id)
            #expect(job.attempts.map(\.lenderName) == [lender])
            #expect(job.attempts.first?.reason.contains("could not be reached for 2 s") == true)
            #expect(job.lenderName != lender)
            #expect(try String(contentsOfFile: pool.directory + "/done", encoding: .utf8) == "40\n")
            #expect(try LivePool.run(["dev", "start", lender, "--dir", pool.directory]).status == 0)
            // the guest that went on meanwhile is ended once its lender hears that the lease was given back
            struct Leases: Decodable {
                struct Lease: Decodable { let lease: String }
                let leases: [Lease]
            }
            try LivePool.eventually("all is settled") {
                try ["node1", "node2", "node3"].allSatisfy {
                    try pool.json($0, ["lease", "list"], as: Leases.self).leases.isEmpty
                } ? true : nil
            }
            for node in ["node1", "node2", "node3"] { #expect(try pool.surplus(node, ["ledger", "verify"]).status == 0) }
        }
    }
}
