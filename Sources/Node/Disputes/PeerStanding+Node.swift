import Bookkeeping
import Policy
import Resources

/// What of a peer's standing is not in the accounts, as it came about.
package struct HonourRecord: Hashable, Codable, Sendable {
    package struct Entry: Hashable, Codable, Sendable {
        package let peer: NodeID
        /// What it gave back in kind, or was given back after it had lent, at the prices of the agreements.
        package var redeemed = Microcredits.zero
        /// What it owed in kind, was asked for and did not give, with the premium.
        package var refused = Microcredits.zero
        /// What one of both gave the other back in a dispute, or what this node paid it for notice that was not kept: it was not lent.
        package var returned = Microcredits.zero
    }

    /// By peer.
    package private(set) var entries: [Entry] = []

    /// Under this name it is kept among the settings.
    package static let key = "honour"

    package init() {}

    subscript(peer: NodeID) -> Entry {
        get { entries.first { $0.peer == peer } ?? Entry(peer: peer) }
        set {
            let place = entries.firstIndex { $0.peer >= peer } ?? entries.count
            if place < entries.count, entries[place].peer == peer {
                entries[place] = newValue
            } else {
                entries.insert(newValue, at: place)
            }
        }
    }
}

extension Node {
    /// How a peer stands with this node, by what both have signed.
    package func peerStanding(of peer: NodeID) -> PeerStanding {
        let honoured = honour[peer]
        let making = disputes.open.values.filter { $0.peer(of: id) == peer && $0.isMaking(of: peer) }
        // What was netted paid a debt, and was lent to others; what has decayed was lent by nobody.
        let decayed = decays[DecayEntry.Side(peer, isOwed: true)]?.total ?? .zero
        let posted = books.balance(of: .peer(peer)).creditsPosted - netting.record.amount(of: peer)
        return PeerStanding(
            lent: max(.zero, posted - honoured.returned - decayed),
            redeemed: honoured.redeemed, refused: honoured.refused, inDispute: making.worth)
    }

    /// What a peer may have to pay yet and says that it has not: it counts as if it were owed.
    func unpaid(by peer: NodeID) -> Microcredits {
        disputes.open.values.filter { $0.debtor == peer && $0.creditor == id && !$0.isAboutPayment }.worth
    }

    mutating func creditHonour(of peer: NodeID, _ change: (inout HonourRecord.Entry) -> Void, _ step: inout Step) {
        var entry = honour[peer]
        change(&entry)
        guard entry != honour[peer] else { return }
        honour[peer] = entry
        step.record(.state(.setting, id: HonourRecord.key, honour))
        adjustLines(with: peer, &step)
    }

    /// Brings what a peer may owe in line with its standing.
    mutating func adjustLines(with peer: NodeID, _ step: inout Step) {
        if let line = books.trustLine(with: peer) { adjust(line, &step) }
    }
}

extension [Dispute] {
    /// What is in dispute together; no more than anybody can owe.
    fileprivate var worth: Microcredits { reduce(.zero) { Swift.min(Bounds.money, $0 + $1.worth) } }
}
