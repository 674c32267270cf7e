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
        var disk = Microcredits.zero
        /// What a swap left, and what became credits that was owed in kind.
        var settlement = Microcredits.zero
        /// The receipt, or the prices, are not at hand.
        var untold = Microcredits.zero

        static func + (a: Self, b: Self) -> Self {
            Self(
                cpu: a.cpu + b.cpu, memory: a.memory + b.memory, disk: a.disk + b.disk,
                settlement: a.settlement + b.settlement, untold: a.untold + b.untold)
        }

        static prefix func - (a: Self) -> Self {
            Self(cpu: -a.cpu, memory: -a.memory, disk: -a.disk, settlement: -a.settlement, untold: -a.untold)
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
        /// In dispute: billed and not accepted.
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
    /// In dispute: billed by this node and not accepted, or disputed by a person.
    var disputed = Parts()
    var inKind = InKind()
    /// What a half of a swap came to: positive where this node gave it. It is owed only as far as the other half came to less.
    var swapped = Parts()
}

/// Tells the trades of one lease from its records.
struct SettledTrades {
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
    ///   - disputes: those of the lease that are open and of which the ledger has no amount apart.
    init(_ lease: LeaseID, _ records: LeaseRecords, own: NodeID, disputes: [Dispute] = []) {
        self.own = own
        // an agreement of a later version cannot be read here: what was paid is told all the same, not divided by resources
        let agreement = records.agreement.flatMap { try? Agreement(document: $0.document) }
        terms = agreement?.lease == lease ? agreement?.terms : agreement?.mirrored?.terms
        lender = records.agreement?.lender(of: lease)
        for signed in records.receipts where signed.accepted != nil { add(signed.receipt) }
        for posted in records.posted { add(posted.transfer, lease) }
        for dispute in disputes { add(dispute) }
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
        let used = before.map { receipt.usage - $0 }
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
            let purpose = transfer.purpose(lender: lender)
            var trade = SettledTrade(at: transfer.at, lease: lease, peer: peer, isLent: isLent(transfer, purpose))
            let amount = Microcredits(transfer.amount)
            enter(transfer, purpose, purpose.isSettlement ? Parts(settlement: amount) : Parts(untold: amount), in: &trade)
            return alone.append(trade)
        }
        let one = settled[place]
        settled[place].at = one.at ?? transfer.at
        enter(
            transfer, transfer.purpose(lender: one.receipt.lender), parts(of: Microcredits(transfer.amount), one.used),
            in: &settled[place].trade)
    }

    /// What is in dispute is told with its receipt.
    private mutating func add(_ dispute: Dispute) {
        let left = dispute.left
        if let place = settled.firstIndex(where: { $0.receipt.id == dispute.receipt }) {
            let parts = parts(of: left.credits, settled[place].used)
            settled[place].trade.disputed = settled[place].trade.disputed + parts
            settled[place].trade.inKind.disputed = settled[place].trade.inKind.disputed + left.inKind
        } else {
            var trade = SettledTrade(
                at: dispute.opened, lease: dispute.lease, peer: dispute.peer(of: own), isLent: dispute.creditor == own)
            trade.disputed = Parts(untold: left.credits)
            trade.inKind.disputed = left.inKind
            alone.append(trade)
        }
    }

    private typealias Parts = SettledTrade.Parts

    /// Whether this node lends what a transfer is about, as far as the agreement or its accounts tell.
    private func isLent(_ transfer: Transfer, _ purpose: TransferPurpose) -> Bool {
        // What a swap left is owed to whoever gave more.
        if purpose == .swapped { return transfer.change > .zero }
        if let lender { return lender == own }
        switch purpose {
        case .swapped, .swapTaken, .borrowed, .decayed, .netted, .compensationEarned: return false
        case .lent, .swapGiven, .disputed, .accepted, .dropped, .compensationPaid: return true
        case .givenBack: return transfer.debit == .earned
        // Who is owed in kind has lent; in credits that is a debt of the peer's, in kind one that is taken away.
        case .converted, .cancelled: return (transfer.change > .zero) == (transfer.unit == .credit)
        }
    }

    private func enter(_ transfer: Transfer, _ purpose: TransferPurpose, _ parts: Parts, in trade: inout SettledTrade) {
        guard transfer.unit == .credit else { return enterInKind(transfer, purpose, in: &trade) }
        switch purpose {
        case .disputed: trade.disputed = trade.disputed + parts
        // What was in dispute is not any more, whether it is owed now or was dropped.
        case .accepted:
            trade.disputed = trade.disputed + -parts
            trade.paid = trade.paid + parts
        case .dropped: trade.disputed = trade.disputed + -parts
        case .compensationEarned, .compensationPaid: trade.compensation += Microcredits(transfer.change)
        case .swapGiven: trade.swapped = trade.swapped + parts
        case .swapTaken: trade.swapped = trade.swapped + -parts
        case .lent, .borrowed, .givenBack, .converted, .cancelled, .swapped, .decayed, .netted:
            trade.paid = trade.paid + (transfer.change > .zero ? parts : -parts)
        }
    }

    private func enterInKind(_ transfer: Transfer, _ purpose: TransferPurpose, in trade: inout SettledTrade) {
        var charge = Charge.zero
        charge[transfer.unit] = transfer.amount
        let usage = charge.inKind
        switch purpose {
        case .disputed: trade.inKind.disputed = trade.inKind.disputed + usage
        case .accepted, .dropped: trade.inKind.disputed = trade.inKind.disputed - usage
        default: break
        }
        guard transfer.change != .zero else { return }
        let why: WritableKeyPath<SettledTrade.InKind, Usage>
        switch (purpose, terms?.consideration) {
        case (.converted, _): why = \.converted
        case (.cancelled, _): why = \.cancelled
        case (_, .deferred): why = \.deferred
        case (_, .redemption): why = \.redeemed
        default: why = \.untold
        }
        trade.inKind[keyPath: why] = trade.inKind[keyPath: why] + (transfer.change > .zero ? usage : .zero - usage)
    }

    private func place(of transfer: Transfer) -> Int? {
        places[transfer.id.high]?.first { settled[$0].receipt.settles(transfer) }
    }

    /// An amount in proportion to what the usage since the receipt before costs at the agreed prices; the parts are the amount.
    private func parts(of amount: Microcredits, _ used: Usage?) -> Parts {
        guard let prices = terms?.prices, let used else { return Parts(untold: amount) }
        // Disk is lent by itself.
        guard used.disk == .zero else { return prices.disk == .zero ? Parts(untold: amount) : Parts(disk: amount) }
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

extension TransferPurpose {
    /// It is not for what a receipt has, but for what was left in the end.
    fileprivate var isSettlement: Bool { self == .converted || self == .swapped }
}
