import Bookkeeping
import LedgerStore
import Resources
import Trading

/// What one receipt of a lease settled: what was used since the receipt before, and what was posted for that. Where a transfer's
/// receipt is not at hand, the transfer alone.
struct SettledTrade: Hashable, Sendable {
    /// An amount, by what it was for.
    struct Parts: Hashable, Sendable {
        var cpu = Microcredits.zero
        var memory = Microcredits.zero
        /// The receipt, or the prices, are not at hand.
        var untold = Microcredits.zero

        static func + (a: Self, b: Self) -> Self {
            Self(cpu: a.cpu + b.cpu, memory: a.memory + b.memory, untold: a.untold + b.untold)
        }

        static prefix func - (a: Self) -> Self { Self(cpu: -a.cpu, memory: -a.memory, untold: -a.untold) }
    }

    /// When it was booked; when the receipt was drawn up where nothing was.
    var at: Timestamp
    var lease: LeaseID
    var peer: NodeID
    /// By this node; otherwise it borrowed.
    var isLent: Bool
    var used = Usage.zero
    /// Positive where the peer came to owe this node more.
    var paid = Parts()
    /// Likewise, for notice that the lender did not keep.
    var compensation = Microcredits.zero
    /// Billed by this node and not accepted.
    var disputed = Parts()
}

/// Tells the trades of one lease from its records.
struct SettledTrades {
    /// So many transfers may follow from one receipt, by ids that follow its own.
    private static let mostOfReceipt: UInt64 = 1000

    private struct Settled {
        let receipt: Receipt
        /// `nil` where the receipt before is not at hand.
        let used: Usage?
        var at: Timestamp?
        var trade: SettledTrade
    }

    private let own: NodeID
    private let prices: Prices?
    private let lender: NodeID?
    private var settled: [Settled] = []
    /// By what the ids of their transfers begin with.
    private var places: [UInt64: [Int]] = [:]
    private var alone: [SettledTrade] = []

    /// - Parameters:
    ///   - lease: the lease.
    ///   - own: this node.
    init(_ lease: LeaseID, _ records: LeaseRecords, own: NodeID) {
        self.own = own
        // an agreement of a later version cannot be read here: what was paid is told all the same, not divided by resources
        prices = records.agreement.flatMap { try? Agreement(document: $0.document) }?.terms.prices
        lender = records.agreement?.lender
        for signed in records.receipts where signed.accepted != nil { add(signed.receipt) }
        for posted in records.posted { add(posted.transfer, lease) }
    }

    /// In the order of receipts, then what is without one.
    var all: [SettledTrade] {
        settled.map { one in
            var trade = one.trade
            trade.at = one.at ?? one.receipt.issued
            return trade
        } + alone
    }

    private mutating func add(_ receipt: Receipt) {
        let before: Usage? =
            if let last = settled.last?.receipt {
                last.sequence + 1 == receipt.sequence ? last.usage : nil
            } else {
                receipt.sequence == 1 ? .zero : nil
            }
        let used = before.map { Usage(cpu: receipt.usage.cpu - $0.cpu, memory: receipt.usage.memory - $0.memory) }
        let isLent = receipt.lender == own
        places[receipt.transfer.high, default: []].append(settled.count)
        if let other = receipt.compensationTransfer { places[other.high, default: []].append(settled.count) }
        settled.append(
            Settled(
                receipt: receipt, used: used,
                trade: SettledTrade(
                    at: receipt.issued, lease: receipt.lease, peer: isLent ? receipt.borrower : receipt.lender, isLent: isLent,
                    used: used ?? .zero)))
    }

    private mutating func add(_ transfer: Transfer, _ lease: LeaseID) {
        guard let peer = transfer.debit.node ?? transfer.credit.node else { return }
        guard let place = place(of: transfer.id) else {
            let isCompensation = isCompensation(transfer)
            var trade = SettledTrade(
                at: transfer.at, lease: lease, peer: peer, isLent: Self.isEarned(transfer) != isCompensation)
            Self.enter(transfer, Parts(untold: Microcredits(transfer.amount)), isCompensation: isCompensation, in: &trade)
            return alone.append(trade)
        }
        let one = settled[place]
        settled[place].at = one.at ?? transfer.at
        Self.enter(
            transfer, parts(of: Microcredits(transfer.amount), one.used),
            isCompensation: transfer.id == one.receipt.compensationTransfer,
            in: &settled[place].trade)
    }

    private typealias Parts = SettledTrade.Parts

    /// Whether a lender pays it, as far as the agreement tells.
    private func isCompensation(_ transfer: Transfer) -> Bool {
        guard let lender, transfer.kind == .direct, !transfer.isOfSwap, transfer.credit != .spent else { return false }
        return transfer.debit == .peer(lender) || transfer.debit == .spent && lender == own
    }

    /// Whether the peer comes to owe it.
    private static func isEarned(_ transfer: Transfer) -> Bool {
        switch (transfer.debit, transfer.credit) {
        case (.peer, .swap), (_, .earned), (_, .disputed), (.earned, _): true
        default: false
        }
    }

    private static func enter(_ transfer: Transfer, _ parts: Parts, isCompensation: Bool, in trade: inout SettledTrade) {
        switch (transfer.debit, transfer.credit) {
        case (.disputed, _): trade.disputed = trade.disputed + parts
        // What was in dispute is not any more, whether it is owed now or was dropped.
        case (.peer, .disputed):
            trade.disputed = trade.disputed + -parts
            trade.paid = trade.paid + parts
        case (_, .disputed): trade.disputed = trade.disputed + -parts
        case (.peer, _) where isCompensation: trade.compensation += Microcredits(transfer.amount)
        case (_, .peer) where isCompensation: trade.compensation -= Microcredits(transfer.amount)
        case (.peer, _): trade.paid = trade.paid + parts
        case (_, .peer): trade.paid = trade.paid + -parts
        default: break
        }
    }

    /// The receipt that a transfer follows from.
    private func place(of id: TransferID) -> Int? {
        places[id.high]?.first { place in
            let receipt = settled[place].receipt
            return id == receipt.compensationTransfer
                || id.high == receipt.transfer.high && id.low &- receipt.transfer.low <= Self.mostOfReceipt
        }
    }

    /// An amount in proportion to what the usage since the receipt before costs at the agreed prices; the parts are the amount.
    private func parts(of amount: Microcredits, _ used: Usage?) -> Parts {
        guard let prices, let used else { return Parts(untold: amount) }
        // the common denominator of Prices.cost(of:)
        let cpu = Int128(used.cpu.rawValue) * Int128(prices.cpu.rawValue) * 1024
        let memory = Int128(used.memory.rawValue) * Int128(prices.memory.rawValue) * 1_000_000
        guard cpu + memory > 0 else { return Parts(untold: amount) }
        // To the nearest: of two parts that is the method of largest remainders. Weights of 62 bits leave room for the product.
        let scale = max(0, 66 - (cpu + memory).leadingZeroBitCount)
        let (weight, whole) = (cpu >> Int128(scale), (cpu + memory) >> Int128(scale))
        let ofCPU = Microcredits(Int64((Int128(amount.rawValue) * weight * 2 + whole) / (whole * 2)))
        return Parts(cpu: ofCPU, memory: amount - ofCPU)
    }
}
