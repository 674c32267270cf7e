import Resources
import Testing

@testable import Reports

@Suite("What a node's capacity was used for")
struct ChargebackTests {
    private static func usage(_ cpu: Int64, _ memory: Int64) -> Usage {
        Usage(cpu: CoreMicroseconds(cpu), memory: MiBSeconds(memory))
    }

    private static func window(_ hour: Int64, _ leases: [(String, Int64)], excess: Int64 = 0) -> ChargebackReport.Window {
        let lent = leases.reduce(0) { $0 + $1.1 }
        return ChargebackReport.Window(
            at: Samples.time(.hours(hour)), measured: .minutes(59), capacity: usage(7_200_000_000, 36_000),
            excess: usage(excess, 0), owner: usage(1_000_000_007, 999), idle: usage(6_199_999_993 - lent + excess, 35_001 - lent),
            untold: .zero, leases: leases.map { ($0.0, usage($0.1, $0.1)) })
    }

    private static let holders = [
        LeaseHolder(lease: "lse_1", peer: "nde_1", peerName: "node1", user: "ann", application: "xz"),
        LeaseHolder(lease: "lse_2", peer: "nde_1", peerName: "node1", user: "bob", application: "xz"),
        LeaseHolder(lease: "lse_3", peer: nil, peerName: nil, user: nil, application: nil),
    ]

    private static func report(
        _ windows: [ChargebackReport.Window], by grouping: ChargebackReport.Grouping = .peer, isByWindow: Bool = false
    ) -> ChargebackReport {
        ChargebackReport(
            node: "nde_9", nodeName: "node9", from: Samples.now, until: Samples.now + .hours(2), step: .hours(1), by: grouping,
            holders: holders, windows: windows, isByWindow: isByWindow, now: Samples.now + .days(1))
    }

    private static let two = [window(0, [("lse_1", 1001), ("lse_2", 10_000)]), window(1, [("lse_3", 20_000)])]

    @Test("Leases are put together by what was asked for, the largest first, and what nobody knows is said")
    func grouping() {
        let groups = { (grouping: ChargebackReport.Grouping) in
            Self.report(Self.two, by: grouping).total.leases.map { "\($0.name) \($0.used.cpuCoreMicroseconds)" }
        }
        #expect(groups(.peer) == ["not known 20000", "node1 11001"])
        #expect(groups(.user) == ["not known 20000", "bob of node1 10000", "ann of node1 1001"])
        #expect(groups(.application) == ["not known 20000", "xz 11001"])
    }

    @Test(
        "The figures of a table come to the capacity that it shows, to the last place",
        arguments: [0, 5000, 1_000_000_001] as [Int64])
    func tableAddsUp(excess: Int64) {
        let text = Self.report([Self.window(0, [("lse_1", 1001), ("lse_2", 10_000), ("lse_3", 77)], excess: excess)], by: .user)
            .text(on: Samples.plain)
        let rows = text.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
        func millionths(_ text: String) -> Int64 { Int64(text.filter { $0 != "." }) ?? .min }
        for column in [1, 3] {
            let figures = rows.map { millionths($0[column]) }
            #expect(figures.dropLast().reduce(0, +) == figures.last)
        }
        #expect(rows.map { $0[0] }.suffix(2) == (excess == 0 ? ["idle", "capacity"] : ["beyond capacity", "capacity"]))
    }

    @Test("What does not add up is said, in a window and over all")
    func contradiction() {
        var windows = Self.two
        #expect(Self.report(windows).addsUp && Self.report(windows).text(on: Samples.wide).contains("exactly"))
        windows[1].idle = windows[1].idle + Self.usage(1, 0)
        let report = Self.report(windows)
        #expect(!report.addsUp && !report.total.addsUp && report.windows.map(\.addsUp) == [true, false])
        #expect(report.text(on: Samples.wide).contains("NO: these figures contradict each other"))
    }

    @Test("Windows are shown one by one when they are asked for, then all together; of nothing it says so")
    func windows() {
        let lines = Self.report(Self.two, isByWindow: true).text(on: Samples.plain).split(separator: "\n")
        #expect(lines.count == 4 + 4 + 5)
        #expect(lines.last?.hasPrefix("all\tcapacity\t4.000000") == true)
        #expect(Self.report(Self.two).text(on: Samples.wide).contains("measured    1 h 58 min of 2 h"))
        let nothing = Self.report([]).text(on: Samples.wide)
        #expect(nothing.contains("Nothing was measured in this time."))
        #expect(Self.report([]).text(on: Samples.plain).contains("capacity"))
    }
}
