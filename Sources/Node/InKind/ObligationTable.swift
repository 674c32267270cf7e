import Bookkeeping
import Resources

/// What a node owes others in kind and is owed, apart by whether anything is left of it: what runs with every event looks at that only.
package struct ObligationTable: Sendable {
    package private(set) var unsettled = SortedMap<ObligationID, Obligation>()
    /// Those that only answer late messages.
    private var settled = SortedMap<ObligationID, Obligation>()

    init(_ obligations: [Obligation]) {
        for obligation in obligations { self[obligation.id] = obligation }
    }

    package subscript(id: ObligationID) -> Obligation? {
        get { unsettled[id] ?? settled[id] }
        set {
            let isSettled = newValue.map { $0.isSettled && $0.proposed == nil } ?? false
            unsettled[id] = isSettled ? nil : newValue
            settled[id] = isSettled ? newValue : nil
        }
    }

    /// In ascending order of their ids.
    package var values: [Obligation] { (unsettled.values + settled.values).sorted { $0.id < $1.id } }

    /// Lets go of what was settled so long ago that nobody asks about it any more.
    mutating func forget(at now: Timestamp) {
        guard let oldest = settled.values.first, oldest.isForgettable(at: now) else { return }
        for id in settled.keys where settled[id]?.isForgettable(at: now) == true { settled[id] = nil }
    }
}

extension Obligation {
    /// Whether it was settled longer ago than anybody goes on asking for an answer.
    package func isForgettable(at now: Timestamp) -> Bool { settledAt.map { now - $0 > Timing.receiptPatience } ?? false }
}
