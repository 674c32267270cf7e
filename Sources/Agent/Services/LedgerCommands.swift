import Bookkeeping
import Resources
import Wire

// What local users ask of the ledger.

extension PoolMembership {
    func credits() -> Surplus_V1_CreditsReply {
        let (books, held) = engine.read { ($0.books, $0.heldByNetting) }
        func standing(_ account: Account) -> Balance<Microcredits> { books.balance(of: account) }
        return .with { reply in
            for line in books.trustLines(in: .credit) {
                var balance = standing(.peer(line.peer))
                let netted = held[line.peer] ?? .zero
                // What nettings hold becomes no debt, whatever comes of them.
                if netted > .zero { balance.creditsPending -= netted } else { balance.debitsPending += netted }
                reply.balance += balance.net.rawValue
                reply.pendingIncoming += balance.debitsPending.rawValue
                reply.pendingOutgoing += balance.creditsPending.rawValue
                reply.lines.append(
                    .with {
                        $0.peer = line.peer.description
                        $0.peerName = name(of: line.peer)
                        $0.balance = balance.net.rawValue
                        $0.pendingOwedToUs = balance.debitsPending.rawValue
                        $0.pendingWeOwe = balance.creditsPending.rawValue
                        $0.limitGranted = line.granted.rawValue
                        $0.limitReceived = line.mayOwe.rawValue
                        $0.disputed = standing(.disputed(line.peer)).net.rawValue
                        $0.netting = netted.rawValue
                    })
            }
            reply.earned = -standing(.earned).net.rawValue
            reply.spent = standing(.spent).net.rawValue
        }
    }

    /// Reads the ledger for callers.
    var ledger: LedgerDesk { LedgerDesk(ledger: house.store, own: own, roster: roster, notary: notary) }
}
