import Resources

/// Something owed in kind under one agreement, as both its sides keep it: what receipts have made it, and what has come off it.
///
/// The ledger has what two nodes owe each other in kind as one balance for each unit. An obligation says of a part of it when it falls
/// due and what becomes of it then.
package struct Obligation: Hashable, Codable, Sendable {
    package let id: ObligationID
    package let agreement: AgreementID
    /// Under which it came about.
    package let lease: LeaseID
    package let debtor: NodeID
    package let creditor: NodeID
    /// The window may be extended later; see ``extend(until:)``.
    package private(set) var deferral: Deferral
    /// At which what is left is converted.
    package let prices: Prices
    /// What receipts of its lease have come to in kind.
    package private(set) var accrued = Usage.zero
    /// What came off it, by how.
    package private(set) var redeemed = Usage.zero
    package private(set) var converted = Usage.zero
    package private(set) var cancelled = Usage.zero
    package private(set) var offset = Usage.zero
    /// Whether more may still come of its lease.
    package private(set) var isAccruing = true
    /// Whether the creditor has asked for some of it in the window and did not get that, as far as this side knows.
    package private(set) var wasRefused = false
    /// When nothing was left of it.
    package private(set) var settledAt: Timestamp?
    /// What this side has proposed and the other has not answered. At most one, so that both change it in the same order.
    package private(set) var proposed: SignedAdjustment?
    /// What this side has agreed to last, to be answered alike when it comes again.
    package private(set) var answered: SignedAdjustment?
    /// What this side has refused of late, oldest first: who proposed it counts on that, though it may come again.
    private var refused: [AdjustmentID]?
    /// So many are remembered.
    private static let refusalsKept = 16

    package init(
        id: ObligationID, agreement: AgreementID, lease: LeaseID, debtor: NodeID, creditor: NodeID, deferral: Deferral,
        prices: Prices
    ) {
        self.id = id
        self.agreement = agreement
        self.lease = lease
        self.debtor = debtor
        self.creditor = creditor
        self.deferral = deferral
        self.prices = prices
    }

    /// How something comes off an obligation.
    package enum Discharge: String, Hashable, Codable, Sendable, CaseIterable {
        /// The creditor has used as much.
        case redeemed
        /// It has become credits.
        case converted
        /// The creditor asks for it no more.
        case cancelled
        /// The creditor owed the debtor as much.
        case offset
    }

    package var discharged: Usage { redeemed + converted + cancelled + offset }
    /// What is still owed; never negative.
    package var left: Usage { (accrued - discharged).clampedToZero }
    /// Whether nothing is owed, and nothing will be.
    package var isSettled: Bool { !isAccruing && left == .zero }

    /// What is left in credits, at the prices of the agreement.
    package var worth: Microcredits { prices.cost(of: left) }
    /// What is added to that where the debtor did not give what it was asked for.
    package var premium: Microcredits { deferral.premium.of(worth) }
}

extension Obligation {
    package mutating func accrue(_ usage: Usage) { accrued = accrued + usage }

    package mutating func stopAccruing() { isAccruing = false }

    package mutating func noteRefusal() { wasRefused = true }

    /// Notes when it was settled, if it is.
    package mutating func noteSettling(at now: Timestamp) { settledAt = isSettled ? settledAt ?? now : nil }

    /// Takes something off it. More than is left may come off by redemption alone, for what was used was used.
    package mutating func discharge(_ usage: Usage, by means: Discharge) {
        switch means {
        case .redeemed: redeemed = redeemed + usage
        case .converted: converted = converted + usage
        case .cancelled: cancelled = cancelled + usage
        case .offset: offset = offset + usage
        }
    }

    package mutating func propose(_ adjustment: SignedAdjustment?) { proposed = adjustment }

    package mutating func answer(_ adjustment: SignedAdjustment) { answered = adjustment }

    package mutating func refuse(_ id: AdjustmentID) { refused = Array(((refused ?? []) + [id]).suffix(Self.refusalsKept)) }

    package func hasRefused(_ id: AdjustmentID) -> Bool { refused?.contains(id) ?? false }

    /// Carries out what both have signed.
    package mutating func apply(_ adjustment: Adjustment) {
        switch adjustment.kind {
        case .conversion: discharge(adjustment.amount.inKind, by: .converted)
        case .cancellation: discharge(adjustment.amount.inKind, by: .cancelled)
        case .offset: discharge(adjustment.amount.inKind, by: .offset)
        case .postponement: deferral.until = max(deferral.until, adjustment.until ?? deferral.until)
        }
    }
}
