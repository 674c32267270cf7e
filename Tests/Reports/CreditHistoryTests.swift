import Foundation
import Resources
import Testing

@testable import Reports

@Suite("Credits over a time")
struct CreditHistoryTests {
    private static func entry(
        _ number: Int64, _ purpose: String, _ amount: Int64, peer: Int = 1, name: String? = nil, at offset: Microseconds
    ) -> PostedEntry {
        let account = "peer:nde_\(peer)"
        let (debit, credit) =
            switch purpose {
            case "lent": (account, "earned")
            case "compensation_earned": (account, "earned")
            case "disputed": ("disputed:nde_\(peer)", "earned")
            case "accepted": (account, "disputed:nde_\(peer)")
            case "dropped": ("earned", "disputed:nde_\(peer)")
            case "given_back": ("earned", account)
            case "got_back": (account, "spent")
            default: ("spent", account)
            }
        return PostedEntry(
            sequence: number, at: Samples.time(offset), transfer: "trf_\(number)",
            purpose: purpose == "got_back" ? "given_back" : purpose, debit: debit, credit: credit,
            amount: amount, peer: "nde_\(peer)", peerName: name ?? "node\(peer)", lease: "lse_\(number)")
    }

    private static func line(
        _ peer: Int, balance: Int64, granted: Int64 = 1000, received: Int64 = 500, in incoming: Int64 = 0,
        out outgoing: Int64 = 0,
        disputed: Int64 = 0, name: String? = nil
    ) -> CreditsReport.Line {
        CreditsReport.Line(
            peer: "nde_\(peer)", peerName: name ?? "node\(peer)", balance: Microcredits(balance),
            pendingOwedToUs: Microcredits(incoming), pendingWeOwe: Microcredits(outgoing), limitGranted: Microcredits(granted),
            limitReceived: Microcredits(received), disputed: Microcredits(disputed))
    }

    private static func report(
        _ entries: [PostedEntry], _ standing: [CreditsReport.Line] = [], opening: [AccountStanding] = []
    ) -> CreditHistoryReport {
        CreditHistoryReport(
            nodeName: "node9", since: nil, until: nil, now: Samples.now, opening: opening, entries: entries, standing: standing)
    }

    private static let entries = [
        entry(1, "lent", 300, at: -.hours(9)), entry(2, "borrowed", 1000, peer: 2, at: -.hours(8)),
        entry(3, "disputed", 7, at: -.hours(7)), entry(4, "compensation_earned", 20, peer: 2, at: -.hours(6)),
        entry(5, "compensation_paid", 50, at: -.hours(5)),
    ]
    private static let opening = [
        AccountStanding(account: "peer:nde_1", peer: "nde_1", peerName: "node1", net: 1000),
        AccountStanding(account: "earned", peer: nil, peerName: nil, net: -1000),
    ]

    @Test("Of each peer what stood before and what moved come to what stands, and of all peers too")
    func sums() throws {
        let report = Self.report(Self.entries, opening: Self.opening)
        let peers = report.peers
        #expect(peers.map(\.peerName) == ["node1", "node2"])
        #expect(peers.map(\.openingMicrocredits) == [1000, 0] && peers.map(\.closingMicrocredits) == [1250, -980])
        #expect(peers.allSatisfy { $0.openingMicrocredits + $0.earned - $0.spent == $0.closingMicrocredits })
        #expect(peers.map(\.disputedMicrocredits) == [7, 0])
        #expect(report.closingMicrocredits == 270 && report.openingMicrocredits == 1000)
        #expect(report.earnedMicrocredits == 320 && report.spentMicrocredits == 1050)
        #expect(report.movements.map(\.amountMicrocredits) == [-1000, 300, -50, 20] && report.movementCount == 4)
        #expect(report.movements.map(\.balanceMicrocredits) == [-1000, 1300, 1250, -980])
        #expect(peers[0].balances.map(\.balanceMicrocredits) == [1000, 1300, 1250])
    }

    @Test("What moved in kind stands beside credits, by peer and unit, and comes to what stands")
    func inKind() throws {
        func kind(_ number: Int64, _ purpose: String, _ debit: String, _ credit: String, _ amount: Int64) -> PostedEntry {
            PostedEntry(
                sequence: number, at: Samples.time(-.hours(1)), transfer: "trf_\(number)", purpose: purpose, debit: debit,
                credit: credit, unit: .memoryTime, amount: amount, peer: "nde_1", peerName: "node1", lease: nil)
        }
        let report = Self.report(
            Self.entries + [
                kind(6, "lent", "peer:nde_1", "earned", 9216), kind(7, "borrowed", "spent", "peer:nde_1", 1024),
                kind(8, "converted", "converted", "peer:nde_1", 4096),
            ],
            opening: Self.opening + [
                AccountStanding(account: "peer:nde_1", peer: "nde_1", peerName: "node1", unit: .memoryTime, net: 10)
            ])
        #expect(report.closingMicrocredits == 270 && report.movementCount == 4)
        let history = try #require(report.inKind.first)
        #expect(report.inKind.count == 1 && history.unit == .memoryTime && history.given == 9216 && history.taken == -1024)
        #expect(history.converted == -4096 && history.closing == 10 + 9216 - 1024 - 4096)
        #expect(report.html(utcOffset: .zero).contains("<h2>In kind</h2>"))
        #expect(report.text(on: Samples.wide).contains("memory time"))
    }

    @Test("What is reserved counts as owed, and what one side owes is headroom of the other")
    func headroom() throws {
        let report = Self.report(
            [], [Self.line(1, balance: 300, in: 100, out: 50), Self.line(2, balance: -480, out: 100, disputed: 5)])
        let now = report.peers.compactMap(\.now)
        #expect(now.map(\.headroomGrantedMicrocredits) == [600, 1480])
        #expect(now.map(\.headroomReceivedMicrocredits) == [750, 0])
        #expect(report.reservedOwedToUs == 100 && report.reservedWeOwe == 150 && report.disputed == 5)
    }

    @Test("However many movements there are, a line keeps to its points and ends where the balance does")
    func manyPoints() throws {
        var random = SeededGenerator(seed: 5)
        var balance: Int64 = 0
        let entries = (0..<5000).map { number -> PostedEntry in
            let amount = Int64.random(in: 1...900, using: &random)
            let isLent = random.chance(5000)
            balance += isLent ? amount : -amount
            return Self.entry(Int64(number), isLent ? "lent" : "borrowed", amount, at: -.minutes(5000 - Int64(number)))
        }
        let balances = try #require(Self.report(entries).peers.first).balances
        #expect((200...242).contains(balances.count) && balances.last?.balanceMicrocredits == balance)
        #expect(balances.map(\.at.timestamp) == balances.map(\.at.timestamp).sorted())
    }

    @Test("A clock that was set back does not draw a line backwards")
    func clockSetBack() throws {
        let entries = [
            Self.entry(1, "lent", 10, at: -.hours(3)), Self.entry(2, "lent", 10, at: -.hours(9)),
            Self.entry(3, "lent", 10, at: .hours(2)),
        ]
        let report = Self.report(entries)
        let times = report.peers[0].balances.map(\.at.timestamp)
        #expect(times == times.sorted() && times.allSatisfy { report.since.timestamp <= $0 && $0 <= report.until.timestamp })
        #expect(report.peers[0].closingMicrocredits == 30)
    }

    @Test("As text it has the same figures, and says so where there is nothing")
    func text() {
        let text = Self.report(Self.entries, [Self.line(1, balance: 1250)], opening: Self.opening).text(on: Samples.wide)
        for figure in ["0.001000", "0.000300", "0.001250", "-0.000980", "largest of 4 movements"] {
            #expect(text.contains(figure))
        }
        #expect(Self.report([]).text(on: Samples.wide).contains("There are no peers yet."))
        let plain = Self.report(Self.entries, opening: Self.opening).text(on: Samples.plain)
        let none = String(repeating: "\t0.000000", count: 5)
        #expect(
            plain.split(separator: "\n") == [
                "node1\t0.001000\t0.000300\t-0.000050\(none)\t0.001250\t0.000007",
                "node2\t0.000000\t0.000020\t-0.001000\(none)\t-0.000980\t0.000000",
            ])
    }

    // MARK: The page

    @Test("What is owed in kind is told beside credits, and drawn as windows from now to the last of their ends")
    func obligations() {
        let owed = [
            Samples.obligation(owedToUs: true, coreSeconds: 90, days: 5),
            Samples.obligation(owedToUs: false, coreSeconds: 7, days: 10),
        ]
        let report = CreditHistoryReport(
            nodeName: "node9", since: nil, until: nil, now: Samples.now, opening: [], entries: [],
            standing: [Self.line(2, balance: 0)], obligations: owed)
        let page = Self.html(report)
        #expect(page.contains("<h2>Owed in kind</h2>") && page.contains("90 core-s") && page.contains("7 core-s"))
        #expect(page.contains("<rect class=\"fill\" x=\"0\" width=\"500\" height=\"10\"/>"))
        #expect(report.text(on: Samples.wide).contains("owed in kind\nOBLIGATION"))
        #expect(!Self.html(Self.report([])).contains("Owed in kind"))
        let credits = CreditsReport(
            sums: BalanceSums(), pendingIncoming: 0, pendingOutgoing: 0, lines: [], obligations: owed)
        #expect(credits.text(on: Samples.wide).contains("owed in kind\nOBLIGATION"))
        #expect(!credits.text(on: Samples.plain).contains("obl_"))
    }

    @Test(
        "What is accepted in a dispute is earned, what is given back stands by itself, and disputes that are open are listed with their reason"
    )
    func disputes() {
        let entries = [
            Self.entry(1, "disputed", 500, at: -.hours(9)), Self.entry(2, "accepted", 300, at: -.hours(8)),
            Self.entry(3, "dropped", 200, at: -.hours(7)), Self.entry(4, "lent", 100, at: -.hours(6)),
            Self.entry(5, "given_back", 40, at: -.hours(5)), Self.entry(6, "borrowed", 90, peer: 2, at: -.hours(4)),
            Self.entry(7, "got_back", 30, peer: 2, at: -.hours(3)),
        ]
        let open = [Samples.dispute(billedByUs: false, reason: "<too> much"), Samples.dispute(billedByUs: true)]
        let report = CreditHistoryReport(
            nodeName: "node9", since: nil, until: nil, now: Samples.now, opening: [], entries: entries,
            standing: [Self.line(1, balance: 360), Self.line(2, balance: -60)], disputes: open)
        #expect(report.peers.map(\.closingMicrocredits) == [360, -60])
        #expect(report.peers.map(\.earned) == [400, 0] && report.peers.map(\.spent) == [0, 90])
        #expect(report.peers.map(\.givenBackMicrocredits) == [40, 0] && report.peers.map(\.gotBackMicrocredits) == [0, 30])
        #expect(report.earnedMicrocredits == 400 && report.spentMicrocredits == 90 && report.givenBackMicrocredits == -10)
        #expect(report.peers.map(\.disputedMicrocredits) == [0, 0], "all of it was accepted or dropped")
        let page = Self.html(report)
        for words in ["<h2>In dispute</h2>", "0.75 credits", "&lt;too&gt; much", "dsp_01jd3x9k3v8q2m7r5t6w8y0z1a", "This node"] {
            #expect(page.contains(words), "\(words)")
        }
        #expect(report.text(on: Samples.wide).contains("in dispute\nDISPUTE"))
        let credits = CreditsReport(
            sums: BalanceSums(), pendingIncoming: 0, pendingOutgoing: 0, lines: [], disputes: open)
        #expect(
            credits.text(on: Samples.wide).contains("in dispute\nDISPUTE") && !credits.text(on: Samples.plain).contains("dsp_"))
        let text = open[0].text(on: Samples.wide)
        for words in ["billed by node2", "its jobs reported", "'surplus dispute accept dsp_"] {
            #expect(text.contains(words), "\(words) in \(text)")
        }
    }

    @Test("What is in dispute with a peer is told once, whoever billed it and whether or not it was paid")
    func disputedWithPeer() {
        let theirs = Samples.dispute(billedByUs: false)
        let report = CreditHistoryReport(
            nodeName: "node9", since: nil, until: nil, now: Samples.now, opening: [], entries: [],
            standing: [Self.line(2, balance: 0, disputed: theirs.worthMicrocredits + 7)], disputes: [theirs])
        #expect(report.disputed == theirs.worthMicrocredits + 7 && report.disputedHere == 7)
        #expect(report.text(on: Samples.wide).contains(millionths(report.disputed)))
        #expect(Self.html(report).contains(millionths(report.disputed)))
    }

    @Test("What is neither earned nor spent has a column where there is some, as text and on the page")
    func otherColumns() {
        let decayed = PostedEntry(
            sequence: 9, at: Samples.time(-.hours(1)), transfer: "trf_9", purpose: "decayed", debit: "decayed",
            credit: "peer:nde_1", amount: 30, peer: "nde_1", peerName: "node1", lease: nil)
        let swap = PostedEntry(
            sequence: 8, at: Samples.time(-.hours(1)), transfer: "trf_8", purpose: "swap_given", debit: "swap:nde_1",
            credit: "earned", amount: 3_984_214, peer: "nde_1", peerName: "node1", lease: "lse_8")
        let report = Self.report(Self.entries + [swap, decayed], opening: Self.opening)
        #expect(report.decayedMicrocredits == -30 && report.earnedMicrocredits == 320 && report.closingMicrocredits == 240)
        let text = report.text(on: Page(width: 200, now: Samples.now))
        #expect(text.contains("decayed  -0.00003 credits") && text.contains("SPENT    DECAYED"))
        #expect(!text.contains("SWAPPED") && !text.contains("3.984214"))
        let page = Self.html(report)
        #expect(page.contains("How the balances came about") && page.contains("\u{2212}0.000030") && page.contains("Otherwise"))
    }

    private static func html(_ report: CreditHistoryReport) -> String { report.html(utcOffset: .hours(1)) }

    private static let full = report(
        Self.entries, [line(1, balance: 1250, in: 100, disputed: 7), line(2, balance: -980)], opening: opening)

    @Test("The page is well-formed, needs nothing from elsewhere, and runs nothing")
    func selfContained() throws {
        for report in [Self.full, Self.report([]), Self.report([Self.entries[0]])] {
            let page = Self.html(report)
            #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("default-src 'none'"))
            for word in ["http:", "https:", "<script", "<link", "<img", "url(", "@import", "src="] {
                #expect(!page.contains(word), "\(word)")
            }
            var open: [Substring] = []
            for tag in page.matches(of: /<(\/?)([a-z0-9]+)[^>]*?(\/?)>/) {
                if tag.2 == "meta" || tag.3 == "/" { continue }
                if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
            }
            #expect(open.isEmpty)
        }
    }

    @Test("The page has every figure of the report")
    func figures() {
        let page = Self.html(Self.full)
        for figure in ["0.000270", "0.000320", "0.001050", "\u{2212}0.000980", "0.000100 reserved", "0.000007", "UTC+01:00"] {
            #expect(page.contains(figure), "\(figure)")
        }
        for title in ["Balances over time", "Who paid whom", "Limits, and what is reserved", "In dispute", "Largest movements"] {
            #expect(page.contains("<h2>\(title)</h2>"))
        }
    }

    @Test("What there is nothing of has no section")
    func absent() {
        let quiet = Self.html(Self.report([], [Self.line(1, balance: 0)]))
        #expect(quiet.contains("Balances over time") && quiet.contains("Limits, and what is reserved"))
        for title in ["Who paid whom", "In dispute<", "Largest movements"] { #expect(!quiet.contains(title)) }
        let none = Self.html(Self.report([]))
        #expect(none.contains("This node has no peers yet") && !none.contains("<h2>"))
    }

    @Test("Names that look like markup are text")
    func hostileNames() {
        let name = "<script>\"&'\u{1B}[2J\u{202E}"
        let entry = Self.entry(1, "lent", 10, name: name, at: -.hours(1))
        let page = Self.html(Self.report([entry], [Self.line(1, balance: 10, name: name)]))
        #expect(!page.contains("<script") && !page.contains("\u{1B}") && !page.contains("\u{202E}"))
        #expect(page.contains("&lt;script&gt;&quot;&amp;&#39;"))
    }

    @Test(
        "An axis has a few round times of the reader's, whatever the span",
        arguments: [1, 59, 600, 5000, 90_000, 3_000_000] as [Int64])
    func timeScale(minutes: Int64) {
        let range = Samples.now..<Samples.now + .minutes(minutes)
        let ticks = TimeScale(range, utcOffset: .hours(2)).ticks
        #expect(ticks.count <= 5 && ticks.allSatisfy { range.contains($0.at) })
        #expect(ticks.count >= 2)
        if minutes > 3000 { #expect(ticks.allSatisfy { CivilDate($0.at + .hours(2)).time == "00:00:00" }) }
    }
}
