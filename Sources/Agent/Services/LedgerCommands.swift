import Bookkeeping
import Node
import Resources
import Wire

// What local users ask of the ledger.

extension PoolMembership {
    func credits() -> Surplus_V1_CreditsReply {
        let books = engine.read(\.books)
        func standing(_ account: Account) -> Balance { books.balance(of: account) }
        return .with { reply in
            for line in books.trustLines {
                let balance = standing(.peer(line.peer))
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
                    })
            }
            reply.earned = -standing(.earned).net.rawValue
            reply.spent = standing(.spent).net.rawValue
        }
    }

    func verifyLedger() async throws -> Surplus_V1_VerifyLedgerReply {
        let (store, notary) = (house.store, notary)
        // Reading the whole ledger blocks: it gets a thread of its own.
        let found = try await onThread { try store.verify { notary.verify($0, over: $1, by: $2) } }
        return .with {
            $0.ok = found.fault == nil
            $0.fault = found.fault.map { "\($0)" } ?? ""
            $0.transfers = found.transfers
            $0.receipts = found.receipts
            $0.segments = Int64(found.segments)
            $0.chainHead = found.head.description
        }
    }
}
