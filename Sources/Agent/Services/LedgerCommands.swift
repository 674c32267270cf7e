import Bookkeeping
import LedgerStore
import Node
import Resources
import Wire

// What local users ask of the ledger.

extension PoolMembership {
    func credits() -> Surplus_V1_CreditsReply {
        let books = engine.read(\.books)
        func standing(_ account: Account) -> Balance<Microcredits> { books.balance(of: account) }
        return .with { reply in
            for line in books.trustLines where line.unit == .credit {
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

    private static let entriesOfPage = 1000

    func streamEntries(
        _ request: Surplus_V1_EntriesRequest, _ write: (Surplus_V1_EntriesPage) async throws -> Void
    ) async throws {
        let (store, query) = (house.store, try query(of: request))
        let opening = try await onThread { try store.standing(before: query) }
        try await write(
            .with { page in
                (page.node, page.nodeName) = (own.description, name(of: own))
                page.opening = opening.map { standing in
                    .with {
                        ($0.account, $0.net) = (standing.account.description, standing.net.rawValue)
                        guard let peer = standing.account.node else { return }
                        ($0.peer, $0.peerName) = (peer.description, name(of: peer))
                    }
                }
            })
        var after: Int64 = 0
        var page: [PostedTransfer] = []
        repeat {
            page = try await onThread { [after] in try store.posted(query, after: after, limit: Self.entriesOfPage) }
            after = page.last?.sequence ?? after
            let entries = page.map(entry)
            try await write(.with { $0.entries = entries })
        } while page.count == Self.entriesOfPage
    }

    private func query(of request: Surplus_V1_EntriesRequest) throws -> PostedQuery {
        let text = try Field.text(request.peer, atMost: 128, "peer")
        func time(_ microseconds: Int64) -> Timestamp? { microseconds == 0 ? nil : Timestamp(microseconds: microseconds) }
        return PostedQuery(
            peer: text.isEmpty ? nil : try roster.find(text).node, since: time(request.since), until: time(request.until))
    }

    private func entry(_ posted: PostedTransfer) -> Surplus_V1_LedgerEntry {
        let transfer = posted.transfer
        return .with {
            ($0.sequence, $0.transfer, $0.at) = (posted.sequence, transfer.id.description, transfer.at.microseconds)
            ($0.purpose, $0.amount) = (posted.purpose.rawValue, transfer.amount.rawValue)
            ($0.debit, $0.credit) = (transfer.debit.description, transfer.credit.description)
            $0.lease = transfer.lease?.description ?? ""
            guard let peer = transfer.debit.node ?? transfer.credit.node else { return }
            ($0.peer, $0.peerName) = (peer.description, name(of: peer))
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
