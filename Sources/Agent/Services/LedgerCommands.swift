import Bookkeeping
import Resources
import Wire

// What local users ask of the ledger.

extension PoolMembership {
    func credits() -> Surplus_V1_CreditsReply {
        let (books, held, standings) = engine.read { node in
            let peers = node.books.trustLines(in: .credit).map(\.peer)
            return (node.books, node.heldByNetting, peers.map(node.peerStanding))
        }
        func balance(_ account: Account) -> Balance<Microcredits> { books.balance(of: account) }
        return .with { reply in
            for (line, standing) in zip(books.trustLines(in: .credit), standings) {
                var owed = balance(.peer(line.peer))
                let netted = held[line.peer] ?? .zero
                // What nettings hold becomes no debt, whatever comes of them.
                if netted > .zero { owed.creditsPending -= netted } else { owed.debitsPending += netted }
                reply.balance += owed.net.rawValue
                reply.pendingIncoming += owed.debitsPending.rawValue
                reply.pendingOutgoing += owed.creditsPending.rawValue
                reply.lines.append(
                    .with {
                        $0.peer = line.peer.description
                        $0.peerName = name(of: line.peer)
                        $0.balance = owed.net.rawValue
                        $0.pendingOwedToUs = owed.debitsPending.rawValue
                        $0.pendingWeOwe = owed.creditsPending.rawValue
                        $0.limitGranted = line.granted.rawValue
                        $0.limitReceived = line.mayOwe.rawValue
                        $0.disputed = balance(.disputed(line.peer)).net.rawValue
                        $0.netting = netted.rawValue
                        $0.standing = Surplus_V1_PeerStandingInfo(standing)
                    })
            }
            reply.earned = -balance(.earned).net.rawValue
            reply.spent = balance(.spent).net.rawValue
        }
    }

    /// Reads the ledger for callers.
    var ledger: LedgerDesk { LedgerDesk(ledger: house.store, own: own, roster: roster, notary: notary) }
}
