import Resources
import Simulation

/// What `netting` says.
struct NettingReport: Encodable {
    struct Pool: Encodable {
        /// How many cycles of a length were cancelled.
        struct Cycles: Encodable {
            let members, count: Int
        }

        /// `random`, `leaning` or `economy`.
        let debts: String
        let seed: UInt64
        let debtors, debtsBefore, debtsAfter: Int
        let grossBeforeMicrocredits, grossAfterMicrocredits: Microcredits
        /// What is left at least, whatever is agreed on.
        let leastMicrocredits: Microcredits
        let cutPercent, mostCutPercent: Double
        let cycles: [Cycles]
        let sound: Bool

        init(_ debts: String, seed: UInt64, _ outcome: NettingOutcome) {
            (self.debts, self.seed) = (debts, seed)
            (debtors, debtsBefore, debtsAfter) = (outcome.nodes, outcome.debtsBefore, outcome.debtsAfter)
            (grossBeforeMicrocredits, grossAfterMicrocredits) = (outcome.grossBefore, outcome.grossAfter)
            leastMicrocredits = outcome.least
            (cutPercent, mostCutPercent) = (outcome.cut.percent, outcome.mostCut.percent)
            cycles = outcome.cycles.pairs.map { Cycles(members: $0, count: $1) }
            sound = outcome.isSound
        }
    }

    let schema = 1
    let nodes, peers, longest, days: Int
    /// Whether the nodes have found and agreed on the cycles themselves.
    let agents: Bool
    let pools: [Pool]

    init(nodes: Int, peers: Int, longest: Int, days: Int, agents: Bool = false, pools: [Pool]) {
        (self.nodes, self.peers, self.longest, self.days) = (nodes, peers, longest, days)
        (self.agents, self.pools) = (agents, pools)
    }
}

// MARK: - For people

extension NettingReport {
    /// Of the gross debt of a random pool at least this much should go.
    static let goalPercent = 25.0

    private static let row = TextRow(nameWidth: 16, cellWidth: 11)

    /// Kind by kind.
    static func inOrder(_ pools: [Pool]) -> [Pool] {
        ["random", "leaning", "economy"].flatMap { kind in pools.filter { $0.debts == kind } }
    }

    var text: String {
        let title =
            "\(nodes) nodes, each knows about \(min(peers, nodes - 1)) others, cycles of 3 to \(longest)"
            + (agents ? ", as found and agreed on by the nodes" : "")
        let head = Self.row.line("DEBTS", ["NUMBER", "LEFT", "CREDITS", "LEFT", "CYCLES", "CUT", "AT MOST"])
        let random = pools.filter { $0.debts == "random" }.map(\.cutPercent)
        let least = random.min() ?? 0
        let verdict =
            "of the debts of random pools at least \(DecimalText.percent(least)) are cut, "
            + (least >= Self.goalPercent ? "within" : "short of") + " the goal of \(DecimalText.percent(Self.goalPercent))"
        return ([title, "", head] + pools.map(\.line) + ["", verdict]).joined(separator: "\n")
    }
}

extension NettingReport.Pool {
    fileprivate var line: String {
        TextRow(nameWidth: 16, cellWidth: 11).line(
            "\(debts), seed \(seed)",
            [
                "\(debtsBefore)", "\(debtsAfter)", Self.credits(grossBeforeMicrocredits), Self.credits(grossAfterMicrocredits),
                "\(cycles.reduce(0) { $0 + $1.count })", DecimalText.percent(cutPercent), DecimalText.percent(mostCutPercent),
            ])
    }

    /// Whole credits, rounded down.
    private static func credits(_ amount: Microcredits) -> String { "\(amount.rawValue / 1_000_000)" }
}
