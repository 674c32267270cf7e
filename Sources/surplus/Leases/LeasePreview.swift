import Reports
import Resources
import Wire

/// What a lease request would come to now.
struct LeasePreview {
    private let message: Surplus_V1_LeasePreview
    /// From how many nodes it is wanted.
    private let nodes: Int

    static func ask(_ agent: AgentLink, _ request: Surplus_V1_LeaseRequest) async throws -> LeasePreview {
        LeasePreview(
            message: try await agent.ask(within: .seconds(60)) { try await $0.previewLease(request, options: $1) },
            nodes: max(1, Int(request.nodes)))
    }

    /// Whether as many nodes would lend it as are wanted.
    var isPossible: Bool { message.hasHeld || best.count == nodes }

    /// Who would be asked first, as the agent ranks them.
    private var best: ArraySlice<Surplus_V1_LeaseCandidate> { message.candidates.filter { !$0.hasRefusal }.prefix(nodes) }

    /// - Parameter purpose: what it is for, behind what is borrowed.
    func report(command: String, purpose: String?) -> DryRunReport {
        if message.hasHeld { return held(command: command, purpose: purpose) }
        return DryRunReport(
            command: command, summary: ([summary] + [purpose].compactMap(\.self)).joined(separator: ", "),
            effects: message.candidates.map { candidate in
                let effect =
                    candidate.hasRefusal
                    ? "not lend it: \(RefusalFigures(candidate.refusal).text)"
                    : best.contains { $0.node == candidate.node } ? "be asked first and lend it" : "lend it, too"
                return .init(
                    candidate.name, effect, terms: candidate.hasTerms ? TermFigures(candidate.terms) : nil,
                    ceiling: candidate.hasTerms ? Microcredits(candidate.ceilingMicrocredits) : nil)
            })
    }

    /// What there is already.
    private func held(command: String, purpose: String?) -> DryRunReport {
        let (lease, rule) = (message.held, message.heldBy)
        let summary = "nothing would be borrowed: \(lease.lease) of \(lease.peerName) is idle, which borrow rule '\(rule)' holds"
        return DryRunReport(
            command: command, summary: ([summary] + [purpose].compactMap(\.self)).joined(separator: ", "),
            effects: [.init(lease.peerName, "run it", terms: TermFigures(lease.terms))])
    }

    private var summary: String {
        guard let first = best.first, isPossible else {
            if message.candidates.isEmpty { return "there is nobody to borrow from" }
            return best.isEmpty ? "nobody would lend that now" : "only \(best.count) of \(nodes) nodes would lend that now"
        }
        let terms = Amounts(shown: first.terms.amounts)
        let (each, renewal) = (nodes > 1 ? "each of " : "", message.renewsItself ? "and for each renewal " : "")
        let start =
            first.terms.startAt > 0
            ? ", beginning at \(CivilDate(Timestamp(microseconds: first.terms.startAt)).rfc3339Seconds)," : ""
        return
            "\(terms.text) would be borrowed from \(each)\(best.map(\.name).joined(separator: ", "))"
            + "\(start) for \(Microseconds(first.terms.termMicroseconds).text), for which \(renewal)at most "
            + "\(Microcredits(best.reduce(0) { $0 + $1.ceilingMicrocredits }).text) would be reserved"
    }
}

extension Surplus_V1_LeaseInfo {
    /// Refuses what only the holder of an open lease can do.
    func checkBorrowed() throws(Failure) {
        guard role == "borrower" else {
            throw Failure(object: lease, fault: "lent, not borrowed", remedy: "take it back with 'surplus reclaim'")
        }
        guard !["closed", "settled"].contains(state) else { throw Failure(object: lease, fault: "it has ended already") }
    }
}

extension DryRunReport.Effect {
    /// A lease that would be over with the membership of one side.
    init(ending lease: Surplus_V1_LeaseInfo) {
        self.init(
            lease.lease, lease.role == "lender" ? "end, lent to \(lease.peerName)" : "end, borrowed from \(lease.peerName)",
            terms: TermFigures(lease.terms), ceiling: Microcredits(lease.reservedMicrocredits))
    }
}
