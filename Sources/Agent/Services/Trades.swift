import Bookkeeping
import LedgerStore
import Node
import Resources
import Wire

// What local users ask of trades.

extension PoolMembership {
    /// The records of so many leases are looked at together.
    private static let leasesOfPage = 100

    func streamTrades(
        _ request: Surplus_V1_TradesRequest, _ write: (Surplus_V1_TradesPage) async throws -> Void
    ) async throws {
        func time(_ microseconds: Int64) -> Timestamp? { microseconds == 0 ? nil : Timestamp(microseconds: microseconds) }
        let (since, until) = (time(request.since), time(request.until))
        let range =
            (since ?? Bounds.civilTime.lowerBound)..<max(since ?? .init(microseconds: 0), until ?? Bounds.civilTime.upperBound)
        let store = house.store
        let disputes = disputesWithoutAmount()
        let (leases, apart) = try await onThread {
            let disputed = disputes.values.joined().filter { range.contains($0.opened) }.map(\.lease)
            let traded = Set(try store.tradedLeases(since: since, until: until)).union(disputed).sorted()
            return (traded, try store.moved(since: since, until: until, forNoLease: true))
        }
        try await write(
            .with {
                ($0.node, $0.nodeName) = (own.description, name(of: own))
                $0.apart = apart.compactMap { sum in sum.change.map { Surplus_V1_BalanceSum($0.line, sum.unit, $0.amount) } }
            })
        var holders = LeaseHolders(self)
        for first in stride(from: 0, to: leases.count, by: Self.leasesOfPage) {
            let some = leases[first..<min(first + Self.leasesOfPage, leases.count)]
            let page: Surplus_V1_TradesPage
            (page, holders) = try await onThread { [self, holders] in
                var holders = holders
                let records = try store.records(of: some)
                let trades = some.flatMap {
                    SettledTrades($0, records[$0] ?? LeaseRecords(), own: own, disputes: disputes[$0] ?? []).all
                }
                .filter { range.contains($0.at) }
                let told = try holders.take(trades.map(\.lease))
                let entries = trades.map { Surplus_V1_TradeEntry($0, peerName: name(of: $0.peer)) }
                return (.with { ($0.entries, $0.holders) = (entries, told) }, holders)
            }
            if !page.entries.isEmpty { try await write(page) }
        }
    }

    /// Those that are open and not in this ledger as an amount apart: it has what this node billed and was not paid.
    private func disputesWithoutAmount() -> [LeaseID: [Dispute]] {
        let open = engine.read { $0.disputes.open.values }.filter { $0.isAboutPayment || $0.debtor == own }
        return Dictionary(grouping: open, by: \.lease)
    }
}

extension Surplus_V1_TradeEntry {
    init(_ trade: SettledTrade, peerName name: String) {
        self = .with {
            ($0.at, $0.lease) = (trade.at.microseconds, trade.lease.description)
            ($0.peer, $0.peerName, $0.lent) = (trade.peer.description, name, trade.isLent)
            $0.used = Surplus_V1_Usage(trade.used)
            $0.paid = Surplus_V1_TradeAmounts(trade.paid)
            $0.compensation = trade.compensation.rawValue
            $0.disputed = Surplus_V1_TradeAmounts(trade.disputed)
            if trade.inKind != .init() { $0.inKind = Surplus_V1_TradeInKind(trade.inKind) }
            $0.swapped = Surplus_V1_TradeAmounts(trade.swapped)
        }
    }
}

extension Surplus_V1_TradeAmounts {
    init(_ parts: SettledTrade.Parts) {
        self = .with {
            ($0.cpu, $0.memory, $0.untold) = (parts.cpu.rawValue, parts.memory.rawValue, parts.untold.rawValue)
            ($0.settlement, $0.disk) = (parts.settlement.rawValue, parts.disk.rawValue)
        }
    }
}

extension Surplus_V1_TradeInKind {
    init(_ inKind: SettledTrade.InKind) {
        self = .with {
            ($0.deferred, $0.redeemed) = (Surplus_V1_Usage(inKind.deferred), Surplus_V1_Usage(inKind.redeemed))
            ($0.converted, $0.cancelled) = (Surplus_V1_Usage(inKind.converted), Surplus_V1_Usage(inKind.cancelled))
            ($0.untold, $0.disputed) = (Surplus_V1_Usage(inKind.untold), Surplus_V1_Usage(inKind.disputed))
        }
    }
}
