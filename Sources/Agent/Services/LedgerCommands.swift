import Bookkeeping
import LedgerStore
import Node
import Resources
import Wire

// What local users ask of the ledger.

extension PoolMembership {
    func credits() async throws -> Surplus_V1_CreditsReply {
        let (books, held, standings, disputes) = engine.read { node in
            let peers = node.books.trustLines(in: .credit).map(\.peer)
            return (node.books, node.heldByNetting, peers.map(node.peerStanding), node.disputes.open.values)
        }
        let store = house.store
        let sums = try await onThread { try store.balanceTotals(in: .credit) }
        func balance(_ account: Account) -> Balance<Microcredits> { books.balance(of: account) }
        return .with { reply in
            for (line, standing) in zip(books.trustLines(in: .credit), standings) {
                var owed = balance(.peer(line.peer))
                let netted = held[line.peer] ?? .zero
                // What nettings hold becomes no debt, whatever comes of them.
                if netted > .zero { owed.creditsPending -= netted } else { owed.debitsPending += netted }
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
                        $0.disputed = inDispute(with: line.peer, disputes, apart: balance(.disputed(line.peer)).net).rawValue
                        $0.netting = netted.rawValue
                        $0.standing = Surplus_V1_PeerStandingInfo(standing)
                    })
            }
            reply.opening = sums.opening.rawValue
            reply.earned = sums.lines[.earned]?.rawValue ?? 0
            reply.spent = -(sums.lines[.spent]?.rawValue ?? 0)
            reply.others = TransferPurpose.Line.allCases.filter { $0 != .earned && $0 != .spent }.compactMap { line in
                sums.lines[line].map { Surplus_V1_BalanceSum(line, .credit, $0) }
            }
            // From the same reading as its sums: what is booked meanwhile is in none of them.
            reply.balance = sums.lines.values.reduce(sums.opening, +).rawValue
        }
    }

    /// What is in dispute with a peer, whoever billed it, in credits.
    ///
    /// - Parameter apart: what the books have of it that this node billed and was not paid.
    private func inDispute(with peer: NodeID, _ disputes: [Dispute], apart: Microcredits) -> Microcredits {
        let ones = disputes.filter { $0.peer(of: own) == peer }
        func worth(_ isWanted: (Dispute) -> Bool) -> Microcredits { ones.filter(isWanted).reduce(.zero) { $0 + $1.worth } }
        // Older ledgers have amounts apart of which no dispute is kept.
        return max(apart, worth { $0.creditor == own && !$0.isAboutPayment })
            + worth { $0.creditor != own || $0.isAboutPayment }
    }

    /// Reads the ledger for callers.
    var ledger: LedgerDesk {
        LedgerDesk(
            ledger: house.store, own: own, roster: roster, notary: notary,
            disputes: { [engine] in engine.read { $0.disputes.open.values } })
    }
}

extension Surplus_V1_BalanceSum {
    init(_ line: TransferPurpose.Line, _ unit: LedgerUnit, _ amount: LedgerAmount) {
        self = .with { ($0.line, $0.unit, $0.amount) = (line.rawValue, unit.rawValue, amount.rawValue) }
    }
}
