import Resources
import Trading

// Of which kind a lease is. One of processing and memory has guests in the kernel, which the warden sets aside and measures; one of
// disk has room on a file system, which is set aside whole, used or not, and so needs no meter.

extension Lease {
    /// Whether it lends disk, and so nothing else.
    package var isOfDisk: Bool { terms.amounts.disk > .zero }
}

extension Step {
    /// Has what a lease lends set aside; harmless when it is.
    mutating func setAside(_ lease: Lease) {
        let remaining = lease.ends.remaining(at: now)
        act(
            lease.isOfDisk
                ? .openStore(lease.id, lease.amounts.disk, remaining: remaining)
                : .openGuest(lease.id, lease.amounts, remaining: remaining))
    }

    /// Tells of another size, or another end, of what is set aside.
    mutating func change(_ lease: Lease) {
        guard !lease.isOfDisk else { return setAside(lease) }
        act(.changeGuest(lease.id, lease.amounts, remaining: lease.ends.remaining(at: now)))
    }

    /// Has everything of a lease ended on this machine.
    mutating func clear(_ lease: Lease) { act(lease.isOfDisk ? .closeStore(lease.id) : .closeGuest(lease.id)) }
}

extension Node {
    /// A message was not sent, for the peer's program is older and could not read it.
    mutating func withheld(_ message: TradeMessage, from peer: NodeID, _ step: inout Step) {
        switch message {
        case .decay(.offer): withheldDecay(from: peer, &step)
        case .propose(let proposal):
            let refusal = Refusal(term: "disk", reason: "its program is older and lends no disk")
            take(
                Answer(negotiation: proposal.negotiation, round: proposal.round, outcome: .rejected(refusal)), from: peer, &step)
        default: break
        }
    }
}
