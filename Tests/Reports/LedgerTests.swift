import Reports
import Resources
import Testing

@Suite("Statements and journals")
struct LedgerTests {
    private static func entry(
        _ number: Int64, _ purpose: String, _ debit: String, _ credit: String, _ amount: Int64, peer: String = "nde_0002",
        _ name: String = "node2"
    ) -> PostedEntry {
        PostedEntry(
            sequence: number, at: Samples.time(.minutes(number)), transfer: "trf_\(number)", purpose: purpose, debit: debit,
            credit: credit, amount: amount, peer: peer, peerName: name, lease: number == 1 ? "lse_1" : nil)
    }

    private static let entries = [
        entry(1, "lent", "peer:nde_0002", "earned", 16_666), entry(2, "borrowed", "spent", "peer:nde_0002", 1_250_000),
        entry(3, "disputed", "disputed:nde_0002", "earned", 7),
    ]
    private static let opening = [
        AccountStanding(account: "peer:nde_0002", peer: "nde_0002", peerName: "node2", net: 500_000),
        AccountStanding(account: "earned", peer: nil, peerName: nil, net: -500_000),
    ]

    private func journal(_ format: JournalFormat, _ opening: [AccountStanding] = [], _ entries: [PostedEntry] = entries) throws
        -> String
    {
        var journal = format.journal
        let head = try journal.head(of: "node1", opening, since: opening.isEmpty ? nil : Samples.time(.zero))
        return try entries.reduce(head) { try $0 + journal.text(of: $1) } + journal.foot()
    }

    @Test("A statement has the balance after each entry, and what is in dispute beside it")
    func statement() throws {
        let report = StatementReport(
            of: "node2", since: Samples.time(-.days(1)), until: nil, opening: Self.opening, entries: Self.entries)
        #expect(
            report.text(on: Samples.wide) == """
                statement  with node2
                since      2026-11-20 07:58:17
                before     0.5 credits, owed by node2

                TIME      PEER   FOR         CREDITS    BALANCE  LEASE  TRANSFER
                07:59:17  node2  lent       0.016666   0.516666  lse_1  trf_1
                08:00:17  node2  borrowed  -1.250000  -0.733334         trf_2

                earned        0.016666 credits
                spent         1.25 credits
                balance       -0.733334 credits, owed to node2
                not accepted  0.000007 credits, no part of the balance

                """)
        #expect(report.text(on: Samples.plain).split(separator: "\n").count == 2)
        #expect(try report.json().contains("\"closing_microcredits\" : -733334"))
        let empty = StatementReport(of: nil, since: nil, until: nil, opening: [], entries: [])
        #expect(empty.text(on: Samples.wide).contains("nothing moved in this time\n"))
    }

    @Test("A statement names the receipts that can be disputed, and what is in dispute, which moves no balance")
    func receipts() throws {
        let receipt = "rct_01jd3x9k3v8q2m7r5t6w8y0z1a"
        let entry = PostedEntry(
            sequence: 1, at: Samples.time(.zero), transfer: "trf_1", purpose: "borrowed", debit: "spent", credit: "peer:nde_0002",
            amount: 1_250_000, peer: "nde_0002", peerName: "node2", lease: "lse_1", receipt: receipt)
        let report = StatementReport(
            of: "node2", since: nil, until: nil, opening: [], entries: [entry], inDispute: Microcredits(400_000))
        #expect(report.text(on: Page(width: 200, now: Samples.now)).contains("lse_1  trf_1     \(receipt)\n"))
        #expect(report.text(on: Samples.plain).hasSuffix("\tcredit\t\(receipt)\n"))
        #expect(
            report.text(on: Page(width: 200, now: Samples.now)).contains(
                """
                balance     -1.25 credits, owed to node2
                in dispute  0.4 credits now; that moves no balance before it is resolved

                """))
        let json = try report.json()
        #expect(json.contains("\"receipt\" : \"\(receipt)\"") && json.contains("\"in_dispute_microcredits\" : 400000"))
    }

    @Test("Figures below a table are as exact as those in it")
    func exact() {
        let entry = PostedEntry(
            sequence: 1, at: Samples.time(.zero), transfer: "trf_1", purpose: "borrowed", debit: "spent", credit: "peer:nde_0002",
            unit: .coreTime, amount: 342_186, peer: "nde_0002", peerName: "node2", lease: nil)
        let text = StatementReport(of: "node2", since: nil, until: nil, opening: [], entries: [entry]).text(on: Samples.wide)
        #expect(text.contains("taken    0.342186 core-s\nbalance  -0.342186 core-s, owed to node2\n"))
    }

    @Test("A journal for hledger names accounts, amounts to the last unit, and asserts what they come to")
    func hledger() throws {
        let text = try journal(.hledger, Self.opening)
        #expect(
            text.contains(
                """
                2026-11-21 * node2 | lent  ; transfer:trf_1, lease:lse_1, time:2026-11-21T07:59:17.000000Z
                    assets:peers:node2  0.016666 CREDIT
                    income:lending  -0.016666 CREDIT

                """))
        #expect(text.contains("    assets:peers:node2  0.000000 CREDIT = -0.733334 CREDIT\n"))
        #expect(text.contains("    equity:opening balances  0.500000 CREDIT\n"))
    }

    @Test("Beancount's accounts begin with capitals and have no points; two nodes of one name are told apart")
    func beancount() throws {
        let text = try journal(
            .beancount, [],
            [
                Self.entry(1, "lent", "peer:nde_0001", "earned", 1, peer: "nde_0001", "rack.7"),
                Self.entry(2, "lent", "peer:nde_0002", "earned", 2, peer: "nde_0002", "rack.7"),
            ])
        #expect(text.contains("2026-11-21 open Assets:Peers:Rack-7\n  node: \"nde_0001\"\n"))
        #expect(text.contains("2026-11-22 balance Assets:Peers:Rack-7  0.000001 CREDIT\n"))
        #expect(text.split(separator: "\n").count { $0.contains(" open Assets:Peers:Rack-7") } == 2)
    }

    /// It made what this node owed node2, and what node3 owed this node, smaller.
    private static let netted = PostedEntry(
        sequence: 9, at: Samples.time(.minutes(9)), transfer: "trf_9", purpose: "netted", debit: "peer:nde_0002",
        credit: "peer:nde_0003", amount: 200_000, peer: "nde_0002", peerName: "node2", lease: nil, otherPeer: "nde_0003",
        otherPeerName: "node3")

    @Test("What was netted is in the statements of both peers, and neither earned nor spent")
    func netted() {
        func report(_ peer: String?) -> String {
            StatementReport(of: peer, since: nil, until: nil, opening: [], entries: [Self.netted]).text(on: Samples.wide)
        }
        #expect(report("node2").contains("08:07:17  node2  netted  0.200000  0.200000         trf_9\n"))
        #expect(report("node2").contains("netted   0.2 credits\n") && !report("node2").contains("node3"))
        let all = report(nil)
        #expect(all.contains("node2  netted   0.200000  0.200000") && all.contains("node3  netted  -0.200000  0.000000"))
        #expect(all.contains("earned   0 credits\nspent    0 credits\nbalance  0 credits\n"))
    }

    @Test("In journals it goes from one peer's account to the other's")
    func nettedJournals() throws {
        let hledger = try journal(.hledger, [], [Self.netted])
        #expect(hledger.contains("    assets:peers:node2  0.200000 CREDIT\n    assets:peers:node3  -0.200000 CREDIT\n"))
        let beancount = try journal(.beancount, [], [Self.netted])
        for (part, id) in [("Node2", "nde_0002"), ("Node3", "nde_0003")] {
            #expect(beancount.contains("open Assets:Peers:\(part)\n  node: \"\(id)\"\n"), "\(beancount)")
        }
    }

    /// Core seconds that this node owes node2.
    private static let owed = PostedEntry(
        sequence: 4, at: Samples.time(.minutes(4)), transfer: "trf_4", purpose: "borrowed", debit: "spent",
        credit: "peer:nde_0002", unit: .coreTime, amount: 1_500_000, peer: "nde_0002", peerName: "node2", lease: nil)

    @Test("What is owed in kind stands beside credits, in its own unit, and is asserted in it")
    func kind() throws {
        let entries = [Self.entry(1, "lent", "peer:nde_0002", "earned", 16_666), Self.owed]
        let hledger = try journal(.hledger, [], entries)
        #expect(hledger.contains("    expenses:borrowing  1.500000 CORESECOND\n    assets:peers:node2  -1.500000 CORESECOND\n"))
        #expect(hledger.contains("    assets:peers:node2  0.000000 CREDIT = 0.016666 CREDIT\n"))
        #expect(hledger.contains("    assets:peers:node2  0.000000 CORESECOND = -1.500000 CORESECOND\n"))
        let beancount = try journal(.beancount, [], entries)
        #expect(beancount.split(separator: "\n").count { $0.contains(" balance Assets:Peers:Node2 ") } == 2)
        #expect(try journal(.csv, [], entries).contains(",spent,peer:nde_0002,core_time,1500000,nde_0002,node2,\r\n"))
        let json = try journal(.json, [], [Self.owed])
        #expect(json.contains("\"unit\":\"core_time\"") && !json.contains("microcredits"))
    }

    @Test("A statement has a section with a balance of its own for each unit in which something moved")
    func units() throws {
        let opening =
            Self.opening + [
                AccountStanding(account: "peer:nde_0002", peer: "nde_0002", peerName: "node2", unit: .coreTime, net: 1_000_000)
            ]
        let entries = [Self.entry(1, "lent", "peer:nde_0002", "earned", 16_666), Self.owed]
        func report(_ unit: LedgerUnit? = nil) -> StatementReport {
            StatementReport(of: "node2", in: unit, since: nil, until: nil, opening: opening, entries: entries)
        }
        #expect(
            report().text(on: Samples.wide) == """
                statement  with node2
                before     0.5 credits, owed by node2

                TIME      PEER   FOR    CREDITS   BALANCE  LEASE  TRANSFER
                07:59:17  node2  lent  0.016666  0.516666  lse_1  trf_1

                earned   0.016666 credits
                spent    0 credits
                balance  0.516666 credits, owed by node2

                unit    core time
                before  1 core-s, owed by node2

                TIME      PEER   FOR       CORE-SECONDS    BALANCE  LEASE  TRANSFER
                08:02:17  node2  borrowed     -1.500000  -0.500000         trf_4

                given    0 core-s
                taken    1.5 core-s
                balance  -0.5 core-s, owed to node2

                """)
        #expect(
            report().text(on: Samples.plain).split(separator: "\n").map { $0.split(separator: "\t").last } == [
                "credit", "core_time",
            ])
        let json = try report().json(compact: true)
        #expect(json.contains("\"closing_microcredits\":516666") && json.contains("\"closing\":-500000"))
        #expect(json.contains("\"amount\":-1500000") && json.contains("\"unit\":\"core_time\""))
        let narrow = report(.coreTime)
        #expect(try !narrow.json().contains("microcredits") && !narrow.text(on: Samples.wide).contains("CREDITS"))
        let nothing = report(.diskTime).text(on: Samples.wide)
        #expect(nothing.contains("nothing moved in this time\n") && nothing.contains("balance  nothing\n"))
    }

    @Test("Fields of csv are quoted where they must be; an empty ledger is an empty table")
    func csv() throws {
        let odd = Self.entry(9, "lent", "peer:nde_0002", "earned", 1, "a \"b\", c")
        #expect(try journal(.csv, [], [odd]).hasSuffix("nde_0002,\"a \"\"b\"\", c\",\r\n"))
        #expect(try journal(.csv, [], []).split(separator: "\r\n").count == 1)
        #expect(try journal(.hledger, [], []).hasSuffix("MIBSECOND\n"))
        #expect(try journal(.json, Self.opening, []).split(separator: "\n").count == 2)
    }

    @Test("The status says which closed files a peer has signed, wherever they are")
    func signedFiles() {
        func text(_ row: Int64) -> String {
            let checkpoint = ReconciliationReport.Checkpoint(
                id: "ckp_1", peer: "nde_0002", peerName: "node2", until: Samples.time(.zero), signedAt: Samples.time(.zero),
                entries: 4, digest: "00", row: row, balance: .zero)
            let report = LedgerStatusReport(
                own: .init(directory: "/l", first: 3, last: 4, size: 1, fault: nil, closed: [.init(file: 3, lastRow: 90)]),
                mounts: [
                    .init(
                        directory: "/a", first: 1, last: 2, size: 1, fault: nil,
                        closed: [.init(file: 1, lastRow: 20), .init(file: 2, lastRow: 50)])
                ], beginsAt: nil, standby: nil, fault: nil, checkpoints: [checkpoint])
            return report.text(on: Samples.wide)
        }
        #expect(text(19).contains("4 entries; it signs no closed file yet"))
        #expect(text(20).contains("4 entries; it signs file 1\n"))
        #expect(text(95).contains("4 entries; it signs files 1 to 3\n"))
    }

    @Test("What was found alike is said of peers that agree only, and nothing settled is said the same of one peer and of all")
    func reconciled() {
        func text(_ entries: Int64, failure: String? = nil, difference: ReconciliationReport.Difference? = nil) -> String {
            let peer = ReconciliationReport.Peer(
                peer: "nde_0002", peerName: "node2", agreedUntil: Samples.time(.zero), entries: entries, checkpoint: nil,
                difference: difference, failure: failure)
            return ReconciliationReport(peers: [peer]).text(on: Samples.wide)
        }
        let mixed = Charge(credits: -500_000, inKind: Usage(cpu: 1_500_000, memory: .zero))
        let difference = ReconciliationReport.Difference(
            here: .init(transfer: "trf_1", lease: nil, amount: mixed), there: nil)
        #expect(text(4).contains("agreed up to") && text(4).contains(", 4 entries"))
        #expect(text(0) == "node2  agreed: nothing was settled with it yet\n")
        #expect(ReconciliationReport(peers: []).text(on: Samples.wide).contains("nothing was settled with anybody yet"))
        let differing = text(4, difference: difference)
        #expect(differing.contains("owed by node2, 0.5 credits owed to node2") && differing.contains("no such entry"))
        #expect(!differing.contains("4 entries") && !differing.contains("agreed"), "\(differing)")
        #expect(!text(4, failure: "gone").contains("agreed"))
    }
}
