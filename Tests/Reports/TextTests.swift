import Resources
import Testing

@testable import Reports

@Suite struct TextTests {
    @Test("status says who the node is, what is used of what, and what is wrong")
    func status() {
        var status = Samples.status
        status.faults = ["the clock is 3 s ahead of node2"]
        status.throttling = true
        let text = status.text(on: Samples.wide)
        #expect(text.contains("enforced (cgroup v1)"))
        #expect(text.contains("2 of 3 reachable"))
        #expect(text.contains("throttled: the owner needs the machine"))
        #expect(text.contains("the clock is 3 s ahead of node2"))
        #expect(text.contains("cpu     ####++++++++....|...  0.4 cores  0.8 cores  1 core  0.2 cores   2 cores  1.6 cores"))
    }

    @Test("a node outside any pool is told how to get into one, and not that its limits are loose")
    func noPool() {
        var status = Samples.status
        status.node = nil
        status.poolName = nil
        (status.limitsEnforced, status.enforcement) = (false, "")
        let text = status.text(on: Samples.wide)
        #expect(text.contains("surplus pool join"))
        #expect(text.contains("not known before this node is in a pool") && !text.contains("not enforced"))
    }

    @Test("an offer shows its terms, a refusal its reason and when to ask again")
    func offers() {
        let text = Samples.offers.text(on: Samples.wide)
        #expect(text.contains("node2  1.5 cores  512 MiB   1 credit  0.2 credits  15 min  standard  enforced"))
        #expect(text.contains("cpu: nothing is free above the threshold of 80% (try again in 30 s)"))
        #expect(text.contains("connection refused"))
    }

    @Test("a job's command can be pasted into a shell again")
    func command() {
        var job = Samples.job
        #expect(job.text(on: Samples.wide).contains("xz -9 'my file'"))
        job.arguments = ["it's", "", "$HOME"]
        #expect(!job.text(on: Samples.wide).contains("time limit"))
        job.timeLimitMicroseconds = 600_000_000
        #expect(job.text(on: Samples.wide).contains(/time limit +10 min\n/))
        #expect(job.command == #"xz 'it'\''s' '' '$HOME'"#)
    }

    @Test("how a job ended is told apart: exit, signal, not started, failed")
    func outcome() {
        var job = Samples.job
        #expect(job.outcome == "exit 0")
        (job.exitCode, job.exitSignal) = (nil, 9)
        #expect(job.outcome == "signal 9")
        job.notStarted = "no such file"
        #expect(job.outcome == "not started")
        (job.state, job.failure) = ("failed", "the lender is gone")
        job.notStarted = nil
        #expect(job.text(on: Samples.wide).contains("failed: the lender is gone"))
    }

    @Test("amounts of money are exact to the microcredit")
    func credits() {
        let text = Samples.credits.text(on: Samples.wide)
        #expect(text.contains("balance  -0.003472 credits"))
        #expect(text.contains("pending  0.25 credits to go out"))
        #expect(text.contains("node2  -0.003472    -0.25            10          10         0"))
    }

    @Test("what was neither earned nor spent has a line where there is some, and all lines come to the balance")
    func creditSums() throws {
        let report = CreditsReport(
            opening: 100,
            sums: BalanceSums([
                ("earned", 5_255_148), ("spent", -1_480_851), ("decayed", -366_983), ("given_back", 4_334_214), ("swapped", 0),
            ]), pendingIncoming: 0, pendingOutgoing: 0, lines: [])
        #expect(
            report.text(on: Samples.wide) == """
                before      0.0001 credits
                earned      5.255148 credits
                spent       1.480851 credits
                decayed     -0.366983 credits
                given back  4.334214 credits
                balance     7.741628 credits

                """)
        let json = try report.json(compact: true)
        #expect(json.contains("\"decayed_microcredits\":-366983") && json.contains("\"given_back_microcredits\":4334214"))
    }

    @Test("a lease and its story name the receipts that can be disputed")
    func receipts() {
        let receipt = "rct_01jd3x9k3v8q2m7r5t6w8y0z1a"
        var lease = Samples.lease
        lease.receipts = [receipt]
        #expect(lease.text(on: Samples.wide).contains("receipt        \(receipt)\n"))
        let settled = EventReport(
            sequence: 7, at: Samples.time(.zero), kind: "receipt.settled", subjects: [receipt, "trf_1", "lse_1"],
            message: "settled", details: [:])
        let story = ExplanationReport(id: "lse_1", kind: "lease", summary: "lent", events: [settled])
        #expect(story.text(on: Samples.wide).contains("receipt = \(receipt)\n"))
        #expect(!story.text(on: Samples.wide).contains("lease = "), "what is explained need not be named again")
        #expect(story.text(on: Samples.plain).hasSuffix("\treceipt = \(receipt)\n"))
        let ofReceipt = ExplanationReport(id: receipt, kind: "receipt", summary: "settled", events: [settled])
        #expect(ofReceipt.text(on: Samples.wide).contains("lease = lse_1\n"))
    }

    @Test("the story of something else names the leases that it tells of")
    func leasesOfStory() {
        let sides = Samples.story.sides
        let story = ExplanationReport(id: "obl_1", kind: "obligation", summary: "owed", events: [], sides: sides)
        #expect(story.text(on: Samples.wide).contains("lse_1: lender, active"))
        #expect(!Samples.story.text(on: Samples.wide).contains("lse_1: lender"))
    }

    @Test("a faulty ledger names the fault")
    func ledger() {
        let report = LedgerReport(
            ok: false, fault: "transfer 7: hash differs", transfers: 9, receipts: 0, checkpoints: 0, segments: 1, chainHead: "00")
        #expect(report.text(on: Samples.wide).contains("FAULTY: transfer 7: hash differs"))
    }

    @Test("a story of several sides says whose each line is, who does not tell, and where they differ")
    func story() {
        let text = Samples.story.text(on: Samples.wide)
        #expect(text.contains("here   lease.granted  lent\n") && text.contains("node2  lease.active  borrowed\n"), "\(text)")
        #expect(text.contains("does not tell its side: it is away") && text.contains("older events are left out"))
        #expect(text.contains("differs  ") && !text.contains("agree"))
        #expect(!Samples.explanation.text(on: Samples.wide).contains("here"), "one side needs no names")
    }

    @Test("a refusal names the nearest of each kind, each with its command on a line of its own")
    func refused() {
        let lines = Samples.refused.nearest(on: Samples.pipe)
        #expect(
            lines[0]
                == "nearest: less: node2 lends 1.5 cores, 512 MiB for 15 min, at 1 credit a core-hour, 0.2 credits a GiB-hour")
        #expect(lines[1] == "    surplus lease request --cpu 1.5 --memory 512MiB --on node2")
        #expect(lines[2].hasPrefix("nearest: later: node2 lends 4 cores, 0 B for 15 min, beginning at 08:10:17 (in 12 min)"))
        #expect(lines[4] == "nearest: less: 2 nodes lend 1.5 cores, 512 MiB for 15 min")
    }

    @Test("a promise says when it begins, and its column is there only where one is listed")
    func promise() {
        var promised = Samples.lease
        promised.state = "promised"
        promised.renewsItself = true
        promised.group = "req_1"
        promised.terms = TermFigures(
            amounts: Amounts(cpu: 1500), prices: .free, term: .minutes(15), notice: .standard, start: Samples.time(.hours(2)))
        let text = promised.text(on: Samples.wide)
        #expect(text.contains("09:58:17 (in 2 h)") && text.contains("renews itself") && text.contains("req_1"), "\(text)")
        #expect(LeasesReport(leases: [Samples.lease, promised]).text(on: Samples.pipe).contains("BEGINS"))
        #expect(!LeasesReport(leases: [Samples.lease]).text(on: Samples.pipe).contains("BEGINS"))
    }

    @Test("a lease that is given back in kind says so beside its credits")
    func inKind() {
        var lease = Samples.lease
        lease.chargedMicrocredits = 0
        lease.inKind = "what is used is owed, due from 2026-11-22T08:00:00Z to 2026-11-25T08:00:00Z"
        #expect(lease.text(on: Samples.wide).contains("what is used is owed, due from 2026-11-22"))
        #expect(LeasesReport(leases: [lease]).text(on: Samples.wide).contains("0 credits, in kind"))
        #expect(!LeasesReport(leases: [Samples.lease]).text(on: Samples.wide).contains("in kind"))
    }

    @Test("an explanation shows the readings behind each event")
    func explanation() {
        #expect(Samples.explanation.text(on: Samples.wide).contains("owner_usage = 900 mcore"))
    }
}
