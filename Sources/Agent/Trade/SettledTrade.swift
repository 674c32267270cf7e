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
        /// What a swap left, and what became credits that was owed in kind.
        var settlement = Microcredits.zero
        /// The receipt, or the prices, are not at hand.
        var untold = Microcredits.zero

        static func + (a: Self, b: Self) -> Self {
            Self(
                cpu: a.cpu + b.cpu, memory: a.memory + b.memory, settlement: a.settlement + b.settlement,
                untold: a.untold + b.untold)
        }

        static prefix func - (a: Self) -> Self {
            Self(cpu: -a.cpu, memory: -a.memory, settlement: -a.settlement, untold: -a.untold)
        }
    }

    /// What moved in kind, by why. Positive where the peer came to owe this node more, or this node less.
    struct InKind: Hashable, Sendable {
        /// Owed for what was used.
        var deferred = Usage.zero
        /// Used, and taken off what the lender owed.
        var redeemed = Usage.zero
        /// It became credits.
        var converted = Usage.zero
        /// It is asked for no more.
        var cancelled = Usage.zero
        /// The agreement is not at hand.
        var untold = Usage.zero
        /// Billed by this node and not accepted.
        var disputed = Usage.zero
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
    var inKind = InKind()
    /// What a half of a swap came to: positive where this node gave it. It is owed only as far as the other half came to less.
    var swapped = Parts()
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
    private let terms: Terms?
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
        let agreement = records.agreement.flatMap { try? Agreement(document: $0.document) }
        terms = agreement?.lease == lease ? agreement?.terms : agreement?.mirrored?.terms
        lender = records.agreement?.lender(of: lease)
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
        guard let place = place(of: transfer) else {
            let isCompensation = isCompensation(transfer)
            var trade = SettledTrade(
                at: transfer.at, lease: lease, peer: peer, isLent: isLent(transfer, isCompensation: isCompensation))
            let amount = Microcredits(transfer.amount)
            let parts = transfer.isSettlement ? Parts(settlement: amount) : Parts(untold: amount)
            enter(transfer, parts, isCompensation: isCompensation, in: &trade)
            return alone.append(trade)
        }
        let one = settled[place]
        settled[place].at = one.at ?? transfer.at
        enter(
            transfer, parts(of: Microcredits(transfer.amount), one.used),
            isCompensation: transfer.id == one.receipt.compensationTransfer,
            in: &settled[place].trade)
    }

    private typealias Parts = SettledTrade.Parts

    /// Whether a lender pays it, as far as the agreement tells.
    private func isCompensation(_ transfer: Transfer) -> Bool {
        guard let lender, transfer.unit == .credit, transfer.kind == .direct, !transfer.isOfSwap, transfer.credit != .spent else {
            return false
        }
        return transfer.debit == .peer(lender) && transfer.credit == .earned || transfer.debit == .spent && lender == own
    }

    /// Whether this node lends what a transfer is about, as far as the agreement or its accounts tell.
    private func isLent(_ transfer: Transfer, isCompensation: Bool) -> Bool {
        switch (transfer.debit, transfer.credit) {
        // What a swap left is owed to whoever gave more.
        case (.peer, .swap): return true
        case (.swap, .peer): return false
        default: if let lender { return lender == own }
        }
        switch (transfer.debit, transfer.credit) {
        case (_, .earned): return !isCompensation
        // Who is owed in kind has lent; in credits that is a debt of the peer's, in kind one that is taken away.
        case (.peer, .converted), (.peer, .cancelled): return transfer.unit == .credit
        case (.converted, .peer), (.cancelled, .peer): return transfer.unit != .credit
        case (.disputed, _), (_, .disputed), (.earned, _): return true
        default: return isCompensation
        }
    }

    private func enter(_ transfer: Transfer, _ parts: Parts, isCompensation: Bool, in trade: inout SettledTrade) {
        guard transfer.unit == .credit else { return enterInKind(transfer, in: &trade) }
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
        case (.swap, _): trade.swapped = trade.swapped + parts
        case (_, .swap): trade.swapped = trade.swapped + -parts
        default: break
        }
    }

    private func enterInKind(_ transfer: Transfer, in trade: inout SettledTrade) {
        var charge = Charge.zero
        charge[transfer.unit] = transfer.amount
        let usage = charge.inKind
        let change: Usage
        switch (transfer.debit, transfer.credit) {
        case (.disputed, _):
            trade.inKind.disputed = trade.inKind.disputed + usage
            return
        case (.peer, .disputed):
            trade.inKind.disputed = trade.inKind.disputed - usage
            change = usage
        case (_, .disputed):
            trade.inKind.disputed = trade.inKind.disputed - usage
            return
        case (.peer, _): change = usage
        case (_, .peer): change = .zero - usage
        default: return
        }
        let why: WritableKeyPath<SettledTrade.InKind, Usage>
        switch (transfer.debit, transfer.credit, terms?.consideration) {
        case (.converted, _, _), (_, .converted, _): why = \.converted
        case (.cancelled, _, _), (_, .cancelled, _): why = \.cancelled
        case (_, _, .deferred): why = \.deferred
        case (_, _, .redemption): why = \.redeemed
        default: why = \.untold
        }
        trade.inKind[keyPath: why] = trade.inKind[keyPath: why] + change
    }

    /// The receipt that a transfer follows from: its id, or one of those after it, those of each unit at their distance.
    private func place(of transfer: Transfer) -> Int? {
        places[transfer.id.high]?.first { place in
            let receipt = settled[place].receipt
            return transfer.id == receipt.compensationTransfer
                || transfer.id.high == receipt.transfer.high
                    && transfer.id.low &- receipt.transfer.low &- transfer.unit.offset <= Self.mostOfReceipt
        }
    }

    /// An amount in proportion to what the usage since the receipt before costs at the agreed prices; the parts are the amount.
    private func parts(of amount: Microcredits, _ used: Usage?) -> Parts {
        guard let prices = terms?.prices, let used else { return Parts(untold: amount) }
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

extension Transfer {
    /// It is not for what a receipt has, but for what was left in the end.
    fileprivate var isSettlement: Bool {
        switch (debit, credit) {
        case (.converted, _), (_, .converted), (.peer, .swap), (.swap, .peer): true
        default: false
        }
    }
}
