import Foundation
import Resources
import Testing

@testable import Reports

@Suite("What was traded")
struct TradeTests {
    private typealias Parts = TradeReport.Entry.Parts

    private static func entry(
        _ lease: Int, peer: Int = 1, at offset: Microseconds = .zero, isLent: Bool = true, cpu: Int64 = 3_600_000,
        memory: Int64 = 3_686_400, paid: TradeReport.Entry.Parts = .init(cpu: 1000, memory: 200),
        compensation: Microcredits = .zero,
        disputed: TradeReport.Entry.Parts = .init()
    ) -> TradeReport.Entry {
        TradeReport.Entry(
            at: Samples.now + offset, lease: "lse_\(lease)", peer: "nde_\(peer)", peerName: peer > 8 ? "twin" : "node\(peer)",
            isLent: isLent, used: Usage(cpu: CoreMicroseconds(cpu), memory: MiBSeconds(memory)), paid: paid,
            compensation: compensation, disputed: disputed)
    }

    private static let holders = [
        LeaseHolder(lease: "lse_1", peer: "nde_1", peerName: "node1", user: "ann", application: "xz"),
        LeaseHolder(lease: "lse_2", peer: "nde_2", peerName: "node2", user: "ann", application: nil),
    ]

    private static func report(
        _ entries: [TradeReport.Entry], by grouping: [TradeReport.Grouping], utcOffset: Microseconds = .zero
    ) -> TradeReport {
        TradeReport(
            nodeName: "node9", since: nil, until: nil, by: grouping, entries: entries, holders: holders, utcOffset: utcOffset)
    }

    private static func lines(_ entries: [TradeReport.Entry], by grouping: TradeReport.Grouping...) -> [String] {
        report(entries, by: grouping).text(on: Samples.plain).split(separator: "\n").map(String.init)
    }

    private static let entries = [
        entry(1), entry(1, at: .hours(20), compensation: -30),
        entry(2, peer: 2, isLent: false, paid: .init(cpu: -500, untold: -4), compensation: 9),
        entry(3, peer: 2, paid: .init(), disputed: .init(cpu: 70)),
    ]

    /// The columns of what is not for credits.
    private static let nothingInKind = String(repeating: "\t0.000000", count: 11)

    @Test("What moved for no lease has a line of its own, and is part of what the balance changed by")
    func apart() throws {
        let report = TradeReport(
            nodeName: "node9", since: nil, until: nil, by: [.peer], entries: Self.entries,
            apart: [
                .init(line: "decayed", unit: .credit, amount: -300), .init(line: "decayed", unit: .credit, amount: -66),
                .init(line: "netted", unit: .credit, amount: 0),
            ],
            holders: Self.holders, utcOffset: .zero)
        let without = Self.report(Self.entries, by: [.peer])
        #expect(report.changeMicrocredits == without.changeMicrocredits - 366)
        #expect(report.text(on: Samples.wide).contains("decayed  -0.000366 credits\n") && report.apart.count == 1)
        let alone = TradeReport(
            nodeName: "node9", since: nil, until: nil, by: [.peer], entries: [],
            apart: [.init(line: "decayed", unit: .credit, amount: -5)], holders: [], utcOffset: .zero)
        #expect(alone.text(on: Samples.wide).contains("balance  changed by -0.000005 credits"))
    }

    @Test("A lease of which nothing is any one resource's is counted all the same")
    func countedByResource() {
        let nothing = Self.entry(4, cpu: 0, memory: 0, paid: .init())
        let report = Self.report(Self.entries + [nothing], by: [.resource])
        #expect(report.text(on: Samples.wide).contains(#/all +lent +3 /#))
    }

    @Test("What was owed in kind, redeemed and swapped stands beside credits, by resource too, and only where there is some")
    func inKind() throws {
        var (deferred, redeemed, swapped) = (Self.entry(1), Self.entry(1), Self.entry(2, isLent: false))
        deferred.inKind = .init(deferred: Usage(cpu: 7_200_000_000, memory: 3_686_400))
        redeemed.inKind = .init(redeemed: Usage(cpu: 1_800_000_000), converted: Usage(cpu: -3_600_000_000))
        swapped.paid = .init(settlement: 5)
        swapped.swapped = .init(cpu: -300, memory: -20)
        let entries = [deferred, redeemed, swapped]
        let report = Self.report(entries, by: [.peer])
        #expect(report.changeInKind.cpuCoreMicroseconds == 5_400_000_000 && report.changeInKind.memoryMibSeconds == 3_686_400)
        let lines = Self.lines(entries, by: .peer)
        let nothing = String(repeating: "\t0.000000", count: 4)
        #expect(lines[0].hasSuffix("\t2.000000\t1.000000\t0.500000\t0.000000\t-1.000000\t0.000000\t0.000000" + nothing))
        #expect(lines[1].hasSuffix("\t-0.000320" + nothing))
        let text = report.text(on: Page(width: 400, now: Samples.now))
        #expect(text.contains("OWED CORE-H  OWED GIB-H  REDEEMED CORE-H  ENDED CORE-H    SWAPPED\n"))
        #expect(text.contains("in kind  changed by ") && text.contains("took 0.00032 credits worth"))
        #expect(!Self.report(Self.entries, by: [.peer]).text(on: Samples.wide).contains("OWED"))
        #expect(
            Self.lines(entries, by: .resource).map { String($0.prefix { $0 != "\t" }) } == [
                "cpu", "cpu", "memory", "memory", "settlement",
            ])
        let json = try Self.report(entries, by: [.resource]).json(compact: true)
        #expect(json.contains("\"swapped_microcredits\":-300") && json.contains("\"swapped_microcredits\":-20"))
    }

    @Test("What is given in return has no user, and says so")
    func inReturn() {
        let holders = [LeaseHolder(lease: "lse_1", peer: "nde_1", peerName: "node1", user: nil, application: nil, isReturn: true)]
        let report = TradeReport(
            nodeName: "node9", since: nil, until: nil, by: [.user], entries: [Self.entry(1)], holders: holders, utcOffset: .zero)
        #expect(report.rows.map(\.user) == ["in return"])
    }

    @Test("Rows are put together by what was asked for, in that order, lent apart from borrowed")
    func grouping() {
        #expect(
            Self.lines(Self.entries, by: .peer) == [
                "node1\tlent\t1\t0.002000\t2.000000\t0.002400\t-0.000030\t0.000000" + Self.nothingInKind,
                "node2\tlent\t1\t0.001000\t1.000000\t0.000000\t0.000000\t0.000070" + Self.nothingInKind,
                "node2\tborrowed\t1\t0.001000\t1.000000\t-0.000504\t0.000009\t0.000000" + Self.nothingInKind,
            ])
        #expect(
            Self.lines(Self.entries, by: .resource, .peer).map { $0.split(separator: "\t").prefix(3).joined(separator: " ") } == [
                "cpu node1 lent", "cpu node2 lent", "cpu node2 borrowed", "memory node1 lent", "memory node2 lent",
                "memory node2 borrowed", "not known node2 borrowed", "notice node1 lent", "notice node2 borrowed",
            ])
        #expect(
            Self.lines(Self.entries, by: .user).map { String($0.prefix { $0 != "\t" }) } == ["ann", "ann of node1", "not known"])
        #expect(
            Self.lines(Self.entries, by: .application).map { String($0.prefix { $0 != "\t" }) } == [
                "not known", "not known", "xz",
            ])
    }

    @Test("Days are the reader's")
    func days() {
        // 07:58 and 03:58 of the next day, in UTC
        func days(_ offset: Microseconds) -> [String?] {
            Self.report([Self.entry(1), Self.entry(1, at: .hours(20))], by: [.day], utcOffset: offset).rows.map(\.day)
        }
        #expect(days(.zero) == ["2026-11-21", "2026-11-22"])
        #expect(days(-.hours(5)) == ["2026-11-21"])
        #expect(days(-.hours(9)) == ["2026-11-20", "2026-11-21"])
    }

    @Test("Peers of one name are two")
    func namesakes() {
        #expect(Self.lines([Self.entry(1, peer: 9), Self.entry(2, peer: 10)], by: .peer).count == 2)
    }

    @Test("However rows are put together, they come to the same", arguments: 0..<20 as Range<UInt64>)
    func sums(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        func amount() -> Microcredits { random.chance(3000) ? .zero : Microcredits(.random(in: -5000...5000, using: &random)) }
        let entries = (0..<200).map { _ in
            Self.entry(
                .random(in: 1...9, using: &random), peer: .random(in: 1...4, using: &random), at: random.span(.zero...(.days(9))),
                isLent: random.chance(5000), cpu: .random(in: 0...9_999_999, using: &random),
                memory: .random(in: 0...9_999_999, using: &random),
                paid: .init(cpu: amount(), memory: amount(), untold: amount()),
                compensation: amount(), disputed: .init(cpu: amount(), memory: amount()))
        }
        let change = entries.reduce(Microcredits.zero) { $0 + $1.paid.cpu + $1.paid.memory + $1.paid.untold + $1.compensation }
        let groupings = (0..<5).map { _ in
            TradeReport.Grouping.allCases.shuffled(using: &random).prefix(Int.random(in: 1...5, using: &random))
        }
        for grouping in groupings {
            let report = Self.report(entries, by: Array(grouping))
            #expect(report.changeMicrocredits == change.rawValue)
            for (name, total) in [("lent", report.lent), ("borrowed", report.borrowed)] {
                let rows = report.rows.filter { $0.trade == name }.map(\.sum)
                #expect(rows.reduce(.zero) { $0 + $1.used } == total.used)
                #expect(rows.reduce(.zero) { $0 + $1.paid } == total.paid)
                #expect(rows.reduce(.zero) { $0 + $1.compensation } == total.compensation)
                #expect(rows.reduce(.zero) { $0 + $1.disputed } == total.disputed)
            }
            // what is shown adds up, too
            let table = report.text(on: Page(width: 400, now: Samples.now)).split(separator: "\n").map {
                $0.split(separator: " ").map(String.init)
            }
            for name in ["lent", "borrowed"] {
                let shown = table.filter { $0.contains(name) && $0.count > 6 }.map {
                    $0.suffix(5).map { Int64($0.filter { $0 != "." }) ?? 0 }
                }
                guard let total = shown.last else { continue }
                for column in 0..<5 { #expect(shown.dropLast().reduce(0) { $0 + $1[column] } == total[column]) }
            }
        }
    }

    @Test("Totals and the change of the balance stand below; where nothing was traded it says so")
    func people() {
        let text = Self.report(Self.entries, by: [.peer]).text(on: Samples.wide)
        #expect(text.contains("trade  node9") && text.contains("balance  changed by 0.001875 credits"))
        #expect(text.split(separator: "\n").count { $0.hasPrefix("all") } == 2)
        #expect(Self.report([], by: [.peer]).text(on: Samples.wide).contains("nothing was lent or borrowed in this time"))
        #expect(Self.report([], by: [.peer]).text(on: Samples.plain).isEmpty)
        let programs = Self.report(Self.entries, by: [.application]).text(on: Samples.wide)
        #expect(programs.contains("programs are known as far back as the story of events goes"))
    }
}
