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
            command: command, summary: ([summary] + [purpose].compactMap(\.self)).joined(separator: ", ") + deviation,
            effects: message.candidates.map { candidate in
                let effect =
                    candidate.hasRefusal
                    ? "not lend it: \(RefusalFigures(candidate.refusal).text)"
                    : best.contains { $0.node == candidate.node } ? "be asked first and lend it" : "lend it, too"
                guard candidate.hasTerms else { return .init(candidate.name, effect) }
                return .init(
                    candidate.name, effect, terms: TermFigures(candidate.terms),
                    ceiling: Microcredits(candidate.ceilingMicrocredits), inReturn: candidate.inReturn,
                    inKind: Usage(shown: candidate.ceilingInKind))
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
        if message.hasRefusal { return "nothing would be borrowed: \(RefusalFigures(message.refusal).text)" }
        guard let first = best.first, isPossible else {
            if message.candidates.isEmpty { return "there is nobody to borrow from" }
            return best.isEmpty ? "nobody would lend that now" : "only \(best.count) of \(nodes) nodes would lend that now"
        }
        let terms = Amounts(shown: first.terms.amounts)
        let each = nodes > 1 ? "each of " : ""
        let start =
            first.terms.startAt > 0
            ? ", beginning at \(CivilDate(Timestamp(microseconds: first.terms.startAt)).rfc3339Seconds)," : ""
        return
            "\(terms.text) would be borrowed from \(each)\(best.map(\.name).joined(separator: ", "))"
            + "\(start) for \(Microseconds(first.terms.termMicroseconds).text), \(price)"
    }

    /// What would be given in return for the best, in all.
    private var price: String {
        let credits = Microcredits(best.reduce(0) { $0 + $1.ceilingMicrocredits })
        let inKind = best.reduce(Usage.zero) { $0 + Usage(shown: $1.ceilingInKind) }
        let renewal = message.renewsItself ? "and for each renewal " : ""
        switch best.first?.terms.consideration.form {
        case nil: return "for which \(renewal)at most \(credits.text) would be reserved"
        case .deferred(let deferral):
            let paid = credits == .zero ? "nothing would be paid" : "at most \(credits.text) would be reserved"
            return "for which \(renewal)\(paid) and at most \(inKind.text) owed in kind, \(deferral.due)"
        case .redemption(let obligation):
            let again = message.renewsItself ? ", and as much again for each renewal" : ""
            return "which would take at most \(inKind.text) off \(obligation)\(again)"
        case .swap(let exchange):
            let lead = credits == .zero ? "nothing paid" : "at most \(credits.text) reserved"
            return "in return for which \(exchange.text) would be lent and \(lead)"
        }
    }

    /// Why the best are not as asked for, each reason once.
    private var deviation: String {
        guard isPossible else { return "" }
        var reasons: [String] = []
        for candidate in best where !candidate.reason.isEmpty && !reasons.contains(candidate.reason) {
            reasons.append(candidate.reason)
        }
        return reasons.isEmpty ? "" : "; not all that was asked for: " + reasons.joined(separator: "; ")
    }
}

extension Surplus_V1_LeaseCandidate {
    /// What it would have in return, other than credits.
    fileprivate var inReturn: String? {
        switch terms.consideration.form {
        case nil: nil
        case .deferred(let deferral): "\(Usage(shown: ceilingInKind).text) in kind, \(deferral.due)"
        case .redemption: "\(Usage(shown: ceilingInKind).text) off what it owes"
        case .swap(let exchange): exchange.text
        }
    }
}

extension Surplus_V1_Deferral {
    /// When something falls due.
    var due: String {
        func time(_ microseconds: Int64) -> String { CivilDate(Timestamp(microseconds: microseconds)).rfc3339Seconds }
        return "due from \(time(dueFrom)) to \(time(dueUntil))"
    }
}

extension Surplus_V1_Exchange {
    /// What is lent, and for how long.
    fileprivate var text: String { "\(Amounts(shown: amounts).text) for \(Microseconds(termMicroseconds).text)" }
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
