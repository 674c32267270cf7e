import Resources

/// Which cycles of debts there are, what was netted of them, and what that left.
package struct NettingReport: Report {
    package enum Outcome: String, Encodable, Sendable {
        /// It was named and not tried: in a dry run, or because what another one netted has changed its debts.
        case found
        case netted
        /// Not all members agreed.
        case refused
    }

    package struct Cycle: Encodable, Sendable {
        /// Each owes the next one, and the last the first.
        package let members: [String]
        let memberNames: [String]
        /// What can be taken off each debt, or was.
        let amountMicrocredits: Int64
        package let outcome: Outcome
        /// Its id where it was netted.
        let netting: String?
        let refusal: RefusalFigures?

        package init(
            members: [String], memberNames: [String], amount: Microcredits, outcome: Outcome, netting: String?,
            refusal: RefusalFigures?
        ) {
            self.members = members
            self.memberNames = memberNames
            amountMicrocredits = amount.rawValue
            self.outcome = outcome
            self.netting = netting
            self.refusal = refusal
        }
    }

    /// What peers owe this node, and what it owes them, without one being taken from the other.
    package struct Totals: Sendable {
        let owedToUs: Microcredits
        let weOwe: Microcredits

        package init(owedToUs: Microcredits, weOwe: Microcredits) {
            self.owedToUs = owedToUs
            self.weOwe = weOwe
        }
    }

    let dryRun: Bool
    let cycles: [Cycle]
    let owedToUsBeforeMicrocredits, owedToUsAfterMicrocredits: Int64
    let weOweBeforeMicrocredits, weOweAfterMicrocredits: Int64

    package init(isDryRun: Bool, before: Totals, after: Totals, cycles: [Cycle]) {
        dryRun = isDryRun
        self.cycles = cycles
        (owedToUsBeforeMicrocredits, owedToUsAfterMicrocredits) = (before.owedToUs.rawValue, after.owedToUs.rawValue)
        (weOweBeforeMicrocredits, weOweAfterMicrocredits) = (before.weOwe.rawValue, after.weOwe.rawValue)
    }

    package func text(on page: Page) -> String {
        guard !page.isPlain else { return table.text(on: page) }
        var sheet = Sheet()
        sheet.add("owed to this node", Self.change(owedToUsBeforeMicrocredits, owedToUsAfterMicrocredits))
        sheet.add("owed by this node", Self.change(weOweBeforeMicrocredits, weOweAfterMicrocredits))
        let body =
            cycles.isEmpty ? page.hint("no cycle of debts worth netting goes through this node") : table.text(on: page)
        let head = dryRun ? page.hint("dry run, nothing was changed") : ""
        return [head, body, sheet.text(on: page)].filter { !$0.isEmpty }.joined(separator: page.gap)
    }

    private static func change(_ before: Int64, _ after: Int64) -> String {
        let (before, after) = (Microcredits(before).text, Microcredits(after).text)
        return before == after ? before : "\(after), before \(before)"
    }

    private var table: Table {
        var table = Table([
            .init("CREDITS", .right), .init("CYCLE", .left, .shortened), .init("CAME TO", .left),
            .init("NETTING", .left, .omitted),
        ])
        for cycle in cycles {
            let around = (cycle.memberNames + cycle.memberNames.prefix(1)).joined(separator: " > ")
            let tone: Tone =
                switch cycle.outcome {
                case .found: .plain
                case .netted: .good
                case .refused: .warning
                }
            table.add([
                .init(Microcredits(cycle.amountMicrocredits).fixed), .init(around),
                .init(cycle.refusal.map { "\(cycle.outcome.rawValue): \($0.text)" } ?? cycle.outcome.rawValue, tone),
                .init(cycle.netting ?? "", .dim),
            ])
        }
        return table
    }
}
