import Resources

/// What agents say to each other to find out whether both ledgers have the same of all that was settled between them, and to sign
/// that. Who began it asks, the other one answers; what is not answered is asked again. Delivery may lose, repeat and reorder.
package enum ReconciliationMessage: Hashable, Sendable {
    /// "What do you have of this?"
    case ask(ReconciliationID, HistoryQuestion)
    /// The answer: all of it, cut into stretches.
    case answer(ReconciliationID, HistoryAnswer)
    /// The other side cannot compare this.
    case decline(ReconciliationID, HistoryObstacle)
    /// "Cut this stretch, which differs, into smaller ones."
    case split(ReconciliationID, after: UInt64, through: UInt64)
    case sums(ReconciliationID, after: UInt64, through: UInt64, [HistorySum])
    /// "Tell me the entries of this one."
    case list(ReconciliationID, after: UInt64, through: UInt64)
    case entries(ReconciliationID, after: UInt64, through: UInt64, [SharedEntry])
    /// The first entry that differs, as the sender of this sees it.
    case found(ReconciliationID, HistoryDifference)
    case noted(ReconciliationID)
    /// Both have the same: "sign this." With the sender's signature over the document.
    case propose(ReconciliationID, document: [UInt8], Signature)
    case signed(ReconciliationID, Signature)

    /// One word for logs and statistics.
    package var name: String {
        switch self {
        case .ask: "history-ask"
        case .answer: "history-answer"
        case .decline: "history-decline"
        case .split: "history-split"
        case .sums: "history-sums"
        case .list: "history-list"
        case .entries: "history-entries"
        case .found: "history-found"
        case .noted: "history-noted"
        case .propose: "history-propose"
        case .signed: "history-signed"
        }
    }

    /// Those that are said where both ledgers agree in the end.
    package static let usualNames = [
        "history-ask", "history-answer", "history-decline", "history-list", "history-entries", "history-propose",
        "history-signed",
    ]
    /// Those that only a difference brings about.
    package static let rareNames = ["history-split", "history-sums", "history-found", "history-noted"]

    package var id: ReconciliationID {
        switch self {
        case .ask(let id, _), .answer(let id, _), .decline(let id, _), .split(let id, _, _), .sums(let id, _, _, _),
            .list(let id, _, _),
            .entries(let id, _, _, _), .found(let id, _), .noted(let id), .propose(let id, _, _), .signed(let id, _):
            id
        }
    }
}

package struct HistoryQuestion: Hashable, Sendable {
    package var scope: HistoryScope
    /// Whether the other side is to recount what it has signed before.
    package var isWhole: Bool
    /// Where the ledger of who asks stands.
    package var place: LedgerPlace

    package init(scope: HistoryScope, isWhole: Bool, place: LedgerPlace) {
        self.scope = scope
        self.isWhole = isWhole
        self.place = place
    }
}

package struct HistoryAnswer: Hashable, Sendable {
    /// Up to where both compare: no further than was asked for.
    package var until: UInt64
    package var place: LedgerPlace
    /// From the beginning of the scope up to ``until``.
    package var sums: [HistorySum]

    package init(until: UInt64, place: LedgerPlace, sums: [HistorySum]) {
        self.until = until
        self.place = place
        self.sums = sums
    }
}

/// Why something cannot be compared.
package enum HistoryObstacle: Hashable, Sendable {
    /// The checkpoint that was named is not known here; this is the latest here, if there is any.
    case unknown(latest: Digest?)
    /// This ledger does not come any more to what was signed in this checkpoint.
    case unsound(Digest)
    case refused(Refusal)
}
