import Node
import Resources
import Synchronization
import Trading

/// Passes the engine's actions on to the parts that perform them. The parts need the engine and the engine needs them, so
/// they are plugged in once all are made; nothing is decided before.
final class Switchboard: Sendable {
    struct Parts: Sendable {
        let engine: Engine
        let links: PeerLinks
        let guests: GuestKeeper
        /// `nil` where no disk is lent.
        let storage: StorageKeeper?
        let requests: LeaseRequests
        let nettings: NettingDesk
        let reconciliations: ReconciliationDesk
    }

    private let parts = Mutex<Parts?>(nil)

    func connect(_ parts: Parts) { self.parts.withLock { $0 = parts } }

    /// Breaks the reference cycle when the membership ends.
    func disconnect() { parts.withLock { $0 = nil } }

    func perform(_ action: NodeAction) {
        guard let parts = parts.withLock({ $0 }) else { return }
        switch action {
        case .send(let peer, let message): parts.links.send(message, to: peer)
        case .openGuest(let lease, let amounts, let remaining):
            parts.guests.order(.open(lease, amounts, remaining: remaining))
        case .changeGuest(let lease, let amounts, let remaining):
            parts.guests.order(.change(lease, amounts, remaining: remaining))
        case .closeGuest(let lease): parts.guests.order(.close(lease))
        case .openStore(let lease, let size, _):
            guard let storage = parts.storage else {
                return parts.engine.handle(.storeFailed(lease, reason: "it is not set up for lending disk any more"))
            }
            storage.open(lease, size)
        case .closeStore(let lease):
            guard let storage = parts.storage else { return parts.engine.handle(.storeClosed(lease)) }
            storage.close(lease)
        case .decided(let request, let result): parts.requests.decided(request, result)
        case .renewed(let lease, let refusal): parts.requests.renewed(lease, refusal)
        case .adjusted(let obligation, let refusal): parts.requests.adjusted(obligation, refusal)
        case .disputeDecided(let dispute, let refusal): parts.requests.decided(dispute, refusal)
        case .changed(let lease): parts.requests.changed(lease)
        case .readHistory(let id, let query): parts.reconciliations.read(id, query)
        case .recall(let recall): parts.reconciliations.look(for: recall)
        case .reconciliation(let id, let news): parts.reconciliations.told(id, news)
        case .netting(let search, let news): parts.nettings.told(search, news)
        }
    }

    func failed(_ peer: NodeID, _ refusal: Refusal) { parts.withLock { $0 }?.engine.handle(.unreachable(peer, refusal)) }
    func withheld(_ message: TradeMessage, _ peer: NodeID) {
        parts.withLock { $0 }?.engine.handle(.withheld(message, from: peer))
    }
    func returned(_ peer: NodeID) { parts.withLock { $0 }?.engine.handle(.reachable(peer)) }
}
