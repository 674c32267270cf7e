import Reports
import Resources
import Wire

/// What a lease request would come to now.
struct LeasePreview {
    private let message: Surplus_V1_LeasePreview

    static func ask(_ agent: AgentLink, _ request: Surplus_V1_LeaseRequest) async throws -> LeasePreview {
        LeasePreview(message: try await agent.ask(within: .seconds(60)) { try await $0.previewLease(request, options: $1) })
    }

    /// Whether somebody would lend it.
    var isPossible: Bool { best != nil }

    private var best: Surplus_V1_LeaseCandidate? { message.candidates.first { !$0.hasRefusal } }

    /// - Parameter purpose: what it is for, behind what is borrowed.
    func report(command: String, purpose: String?) -> DryRunReport {
        DryRunReport(
            command: command, summary: ([summary] + [purpose].compactMap(\.self)).joined(separator: ", "),
            effects: message.candidates.map { candidate in
                let effect =
                    candidate.hasRefusal
                    ? "not lend it: \(RefusalFigures(candidate.refusal).text)"
                    : candidate.node == best?.node ? "be asked first and lend it" : "lend it, too"
                return .init(
                    candidate.name, effect, terms: candidate.hasTerms ? TermFigures(candidate.terms) : nil,
                    ceiling: candidate.hasTerms ? Microcredits(candidate.ceilingMicrocredits) : nil)
            })
    }

    private var summary: String {
        guard let best else {
            return message.candidates.isEmpty ? "there is nobody to borrow from" : "nobody would lend that now"
        }
        let terms = Amounts(shown: best.terms.amounts)
        let each = message.renewsItself ? "and for each renewal " : ""
        return "\(terms.cpu.text) and \(terms.memory.text) would be borrowed from \(best.name) for "
            + "\(Microseconds(best.terms.termMicroseconds).text), for which \(each)at most "
            + "\(Microcredits(best.ceilingMicrocredits).text) would be reserved"
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
