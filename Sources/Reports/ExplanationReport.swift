import Resources

/// Why something is as it is: what it is, in a sentence, and every event about it, as each side tells it.
package struct ExplanationReport: Report {
    /// One side of the story.
    package struct Side: Encodable, Sendable {
        let node: String
        let name: String
        let isSelf: Bool
        /// Why it could not be asked.
        let error: String?
        /// Its clock minus this node's, give or take half of the round trip.
        let clockOffsetMicroseconds: Int64
        let roundTripMicroseconds: Int64
        /// Older events were left out.
        let shortened: Bool
        let leases: [LeaseView]

        package init(
            node: String, name: String, isSelf: Bool, error: String?, clockOffset: Microseconds, roundTrip: Microseconds,
            shortened: Bool, leases: [LeaseView]
        ) {
            self.node = node
            self.name = name
            self.isSelf = isSelf
            self.error = error
            clockOffsetMicroseconds = clockOffset.rawValue
            roundTripMicroseconds = roundTrip.rawValue
            self.shortened = shortened
            self.leases = leases
        }

        fileprivate var label: String { isSelf ? "here" : name }
    }

    /// How a lease stands on one side.
    package struct LeaseView: Encodable, Sendable {
        let lease: String
        let role: String
        let state: String
        let terms: TermFigures
        let amounts: AmountFigures
        let endsAt: CivilTime?
        let renewals: Int
        let chargedMicrocredits: Int64
        let disputedMicrocredits: Int64

        package init(
            lease: String, role: String, state: String, terms: TermFigures, amounts: Amounts, endsAt: CivilTime?, renewals: Int,
            charged: Microcredits, disputed: Microcredits
        ) {
            self.lease = lease
            self.role = role
            self.state = state
            self.terms = terms
            self.amounts = AmountFigures(amounts)
            self.endsAt = endsAt
            self.renewals = renewals
            chargedMicrocredits = charged.rawValue
            disputedMicrocredits = disputed.rawValue
        }

        /// - Parameter id: what is explained: a lease that is not it is named.
        fileprivate func text(on page: Page, in id: String) -> String {
            (lease == id ? "" : "\(lease): ")
                + "\(role), \(state), \(amounts.text(on: page)), charged \(Microcredits(chargedMicrocredits).text)"
        }
    }

    let id: String
    let kind: String
    let summary: String
    let events: [EventReport]
    let sides: [Side]
    /// Where the sides do not agree, in sentences.
    let differences: [String]

    package init(
        id: String, kind: String, summary: String, events: [EventReport], sides: [Side] = [], differences: [String] = []
    ) {
        self.id = id
        self.kind = kind
        self.summary = summary
        self.events = events
        self.sides = sides
        self.differences = differences
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add(kind, id, .strong)
        sheet.add("summary", summary)
        for side in sides where sides.count > 1 { add(side, to: &sheet, on: page) }
        for difference in differences { sheet.add("differs", difference, .warning) }
        if sides.count > 1, differences.isEmpty, sides.allSatisfy({ $0.error == nil }) {
            sheet.add("both sides", "agree", .good)
        }
        let told = events.map { $0.textWithDetails(toldBy: teller(of: $0), about: id, on: page) }
        return sheet.text(on: page) + page.gap + told.joined()
    }

    private func add(_ side: Side, to sheet: inout Sheet, on page: Page) {
        if let error = side.error { return sheet.add(side.label, "does not tell its side: \(error)", .warning) }
        if side.leases.isEmpty { sheet.add(side.label, side.isSelf ? "this node" : "tells its side") }
        for lease in side.leases { sheet.add(side.label, lease.text(on: page, in: id)) }
        if side.shortened { sheet.add(side.label, "older events are left out", .dim) }
    }

    /// Whose line it is, where there are several sides.
    private func teller(of event: EventReport) -> String? {
        guard sides.count > 1 else { return nil }
        let width = sides.map(\.label.columns).max() ?? 0
        let label = sides.first { event.side == nil ? $0.isSelf : $0.node == event.side }?.label ?? event.side ?? ""
        return label + String(repeating: " ", count: max(0, width - label.columns))
    }
}
