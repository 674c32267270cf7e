import Resources
import Simulation

/// What `economy` says.
struct EconomyReport: Encodable {
    /// What became of what some wanted to borrow.
    struct Figures: Encodable {
        let wantedCoreHours: Int64
        /// Of what was wanted.
        let servedPercent: Double
        /// The same in the hours in which all together wanted more than there was.
        let servedUnderContentionPercent: Double
        /// Of the hours in which something was wanted, those in which it was served altogether.
        let requestsMetPercent: Double

        init(_ served: Served) {
            wantedCoreHours = EconomyReport.coreHours(served.all.wanted)
            servedPercent = served.all.share.percent
            servedUnderContentionPercent = served.contended.share.percent
            requestsMetPercent = PartsPerMillion(Int64(served.met), of: Int64(served.requests)).percent
        }
    }

    struct Kind: Encodable {
        let kind: ParticipantKind
        let participants: Int
        let lentCoreHours: Int64
        let borrowed: Figures
    }

    /// Those that lent about as much as each other of what they wanted.
    struct Contribution: Encodable {
        let participants: Int
        let lentCoreHours: Int64
        let borrowed: Figures
    }

    struct Month: Encodable {
        let contendedHours: Int
        /// Of those that lend and borrow.
        let mutual: Figures
        let freeRiders, whitewashers: Figures
        let cannotPayPercent: Double
        let needNotEarnPercent: Double
        let gini: Double
        let movedMicrocredits: Microcredits

        init(_ month: EconomyMonth) {
            contendedHours = month.contendedHours
            mutual = Figures(month.mutual)
            freeRiders = Figures(month.served[.freeRider] ?? Served())
            whitewashers = Figures(month.served[.whitewasher] ?? Served())
            cannotPayPercent = month.cannotPay.share.percent
            needNotEarnPercent = month.needNotEarn.share.percent
            gini = EconomyReport.whole(month.gini)
            movedMicrocredits = month.moved
        }
    }

    struct Stop: Encodable {
        /// From 1.
        let month: Int
        let collapse: Collapse
    }

    let schema = 1
    let nodes, days: Int
    let seed: UInt64
    let peers, admissionDays: Int
    let bootstrapMicrocredits, limitMicrocredits: Microcredits
    let raise: Int
    let demandPercent: Double
    /// Of all that happened, the same on every machine.
    let hash: String
    let leases, refusedForCredit, identities, departed: Int
    let hours, contendedHours: Int
    let movedMicrocredits, lostMicrocredits: Microcredits
    /// Of the balances at the end.
    let gini: Double
    let kinds: [Kind]
    /// From those that lent least of what they wanted to those that lent most of it.
    let contributions: [Contribution]
    let months: [Month]
    /// Empty where the economy goes on.
    let collapses: [Stop]
    let violations: [String]

    init(_ result: EconomyResult) {
        let plan = result.plan
        (nodes, days, seed) = (plan.nodes, plan.days, plan.seed)
        (peers, admissionDays) = (plan.peers, plan.admission)
        (bootstrapMicrocredits, limitMicrocredits) = (plan.bootstrap, plan.limit)
        raise = plan.raise
        demandPercent = Double(plan.demand.rawValue) / 100
        hash = SeedResult.text(ofHash: result.hash)
        (leases, refusedForCredit) = (result.leases, result.refusedForCredit)
        (identities, departed) = (result.identities, result.departed)
        hours = result.months.reduce(0) { $0 + $1.hours }
        contendedHours = result.months.reduce(0) { $0 + $1.contendedHours }
        movedMicrocredits = result.months.reduce(.zero) { $0 + $1.moved }
        lostMicrocredits = result.lost
        gini = Self.whole(result.months.last?.gini ?? .zero)
        kinds = result.kinds.filter { $0.count > 0 }.map {
            Kind(kind: $0.kind, participants: $0.count, lentCoreHours: Self.coreHours($0.lent), borrowed: Figures($0.served))
        }
        contributions = result.contributions.map {
            Contribution(participants: $0.count, lentCoreHours: Self.coreHours($0.lent), borrowed: Figures($0.served))
        }
        months = result.months.map(Month.init)
        collapses = result.collapses.map { Stop(month: $0.month + 1, collapse: $0.collapse) }
        violations = result.violations.map(\.text)
    }

    private static func whole(_ share: PartsPerMillion) -> Double { Double(share.rawValue) / 1_000_000 }

    /// Rounded down.
    private static func coreHours(_ time: CoreMicroseconds) -> Int64 { time.rawValue / Microseconds.hours(1).rawValue }
}

// MARK: - For people

extension EconomyReport {
    /// Of what they want under contention who never lends should get no more.
    static let goalPercent = 2.0

    private static let row = TextRow(nameWidth: 18, cellWidth: 11)

    var text: String {
        [title, [""], kindTable, [""], contributionTable, [""], monthTable, [""], verdicts].joined().joined(separator: "\n")
    }

    private var title: [String] {
        let credit =
            bootstrapMicrocredits == limitMicrocredits
            ? limitMicrocredits.text
            : "\(bootstrapMicrocredits.text), and \(raise) times what it has lent it, up to \(limitMicrocredits.text)"
        return [
            "\(nodes) participants, \(days) days, seed \(seed), hash \(hash)",
            "each knows about \(min(peers, nodes - 1)) others and may owe each of them \(credit)",
            "\(leases) leases came to \(Self.credits(movedMicrocredits)); \(contendedHours) of \(hours) hours were contended",
        ]
    }

    private var kindTable: [String] {
        [Self.row.line("KIND", ["NUMBER", "LENT", "WANTED", "SERVED", "CONTENDED", "IN FULL"])]
            + kinds.map { kind in
                Self.row.line(
                    kind.kind.rawValue.replacing("_", with: " "),
                    ["\(kind.participants)", "\(kind.lentCoreHours)", "\(kind.borrowed.wantedCoreHours)"] + kind.borrowed.cells)
            }
    }

    private var contributionTable: [String] {
        [Self.row.line("BY LENT/WANTED", ["NUMBER", "LENT", "WANTED", "SERVED", "CONTENDED", "IN FULL"])]
            + contributions.enumerated().map { index, group in
                Self.row.line(
                    "tenth \(index + 1)",
                    ["\(group.participants)", "\(group.lentCoreHours)", "\(group.borrowed.wantedCoreHours)"]
                        + group.borrowed.cells)
            }
    }

    private var monthTable: [String] {
        [Self.row.line("MONTH", ["SERVED", "CONTENDED", "FREE R.", "WHITEW.", "CANNOT PAY", "NEED NOT", "GINI"])]
            + months.enumerated().map { index, month in
                Self.row.line(
                    "\(index + 1)",
                    [
                        month.mutual.servedPercent, month.mutual.servedUnderContentionPercent,
                        month.freeRiders.servedUnderContentionPercent,
                        month.whitewashers.servedUnderContentionPercent, month.cannotPayPercent, month.needNotEarnPercent,
                    ].map(DecimalText.percent) + [DecimalText.fixed(month.gini, digits: 2)])
            }
    }

    private var verdicts: [String] {
        let takers = kinds.filter { !$0.kind.lends }.map { kind in
            let name = kind.kind.rawValue.replacing("_", with: " ") + "s"
            let share = DecimalText.percent(kind.borrowed.servedUnderContentionPercent)
            return
                "\(name) got \(share) of what they wanted under contention (goal: at most \(DecimalText.percent(Self.goalPercent)))"
        }
        let stops = collapses.map { "it stops in month \($0.month): \($0.collapse.rawValue.replacing("_", with: " "))" }
        let books = violations.isEmpty ? "debits equal credits, and mirrored lines agree" : "books do not balance"
        return takers
            + ["\(Self.credits(lostMicrocredits)) were owed by \(departed) identities that left"]
            + (stops.isEmpty ? ["it goes on: most can pay, and most need to earn"] : stops) + [books]
    }

    private static func credits(_ amount: Microcredits) -> String { "\(amount.rawValue / 1_000_000) credits" }
}

extension EconomyReport.Figures {
    /// Blank where nothing was wanted.
    fileprivate var cells: [String] {
        let shares = [servedPercent, servedUnderContentionPercent, requestsMetPercent]
        return wantedCoreHours == 0 ? shares.map { _ in "" } : shares.map(DecimalText.percent)
    }
}
