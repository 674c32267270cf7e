import Resources

/// What one side of a trade does not accept of what the other has billed, or says was paid too much, as both keep it.
///
/// The creditor has billed it, the debtor should pay it or has. Every step towards an end is given by one of them: the debtor lets
/// a part stand, the creditor drops one. Nothing is taken from either.
package struct Dispute: Hashable, Codable, Sendable {
    package enum Cause: String, Hashable, Codable, Sendable, CaseIterable {
        /// By rule: the borrower did not accept all of a receipt.
        case receipt
        /// By rule: the last receipt of a lease was never answered.
        case unanswered
        /// By rule: the debtor of an obligation did not accept the premium of its conversion.
        case premium
        /// A person says that too much was paid.
        case person

        /// Whether the other side must be told of it: nothing else that it gets says so.
        package var needsNotice: Bool { self == .unanswered || self == .person }
    }

    package let id: DisputeID
    package let cause: Cause
    /// `nil` for a premium.
    package let receipt: ReceiptID?
    package let lease: LeaseID
    package let creditor: NodeID
    package let debtor: NodeID
    package let opener: NodeID
    /// What is, or was, in dispute; every part is zero or positive.
    package let amount: Charge
    /// At which what is in dispute in kind is worth credits.
    package let prices: Prices
    /// What of a receipt the borrower objects to, for programs: `usage`, `reservation` or `compensation`; `nil` of all else.
    package let term: String?
    /// For people.
    package let reason: String
    /// `nil` for a premium.
    package let metered: LenderEvidence?
    /// `nil` where the borrower has said nothing.
    package let held: BorrowerEvidence?
    package let opened: Timestamp
    /// How much of it the debtor has let stand.
    package private(set) var stands = Charge.zero
    /// How much of it the creditor has dropped.
    package private(set) var dropped = Charge.zero
    /// How many steps both have signed.
    package private(set) var steps: Int64 = 0
    /// When nothing of it was left.
    package private(set) var resolved: Timestamp?
    /// Why the other side does not know it or does not take it up.
    package private(set) var refusal: Refusal?
    /// What the other side has not said yet that it took note of.
    package private(set) var untold: SignedReceipt?
    /// What this side has signed and the other has not. At most one.
    package private(set) var proposed: SignedResolution?
    /// What this side has countersigned last, to be answered alike when it comes again.
    package private(set) var answered: SignedResolution?

    package init(
        id: DisputeID, cause: Cause, receipt: ReceiptID?, lease: LeaseID, creditor: NodeID, debtor: NodeID, opener: NodeID,
        amount: Charge, prices: Prices, term: String? = nil, reason: String, metered: LenderEvidence? = nil,
        held: BorrowerEvidence? = nil,
        opened: Timestamp, untold: SignedReceipt? = nil
    ) {
        self.id = id
        self.cause = cause
        self.receipt = receipt
        self.lease = lease
        self.creditor = creditor
        self.debtor = debtor
        self.opener = opener
        self.amount = amount
        self.prices = prices
        self.term = term
        self.reason = reason
        self.metered = metered
        self.held = held
        self.opened = opened
        self.untold = untold
    }
}

extension Dispute {
    /// How long after it was issued a receipt can be disputed by a person.
    package static let openable = Microseconds.days(30)
    /// How long the other side is told again by itself of what it has not answered; afterwards when it comes back, or ledgers are
    /// compared with it.
    package static let patience = Microseconds.days(60)
    /// How long after it was issued a receipt that was never answered can be put in dispute: as long as its lender tells of it by
    /// itself.
    package static let claimable = Microseconds.days(70)
    /// How long a dispute is remembered that is over: longer than anything could open it again.
    package static let memory = Microseconds.days(75)
    /// How long one is that was dropped without a word from the other side, which may come back and turn out to have paid.
    package static let longestMemory = Microseconds.days(366)
    /// The most steps of one dispute; the last takes all that is left.
    package static let mostSteps: Int64 = 64
    /// The longest reason, in characters.
    package static let longestReason = 500

    /// Whether it is about what was paid: nothing of that moves before the creditor gives it back.
    package var isAboutPayment: Bool { cause == .person }

    /// Since when the other side is to answer something; `nil` where it is to answer nothing.
    package var waitingSince: Timestamp? { proposed?.resolution.issued ?? (untold == nil ? nil : opened) }

    /// What is still in dispute; every part is zero or positive.
    package var left: Charge { amount - stands - dropped }

    /// Whether it goes on. One that the other side does not take up goes on while its amount stands in this side's books.
    package var isOpen: Bool { left != .zero && (refusal == nil || !isAboutPayment) }

    /// What one side has let the other have: of what is not paid it is paid after all, of what is paid it is given back.
    package var accepted: Charge { isAboutPayment ? dropped : stands }

    /// What was given up by the side that said it: it is asked for no more, or said no more.
    package var withdrawn: Charge { isAboutPayment ? stands : dropped }

    /// How it stands.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case open
        /// Nothing of it is left.
        case resolved
        /// The other side does not take it up, and nothing comes of it.
        case refused
    }

    package var state: State { isOpen ? .open : left == .zero ? .resolved : .refused }

    /// What one side can do to end a dispute.
    package enum Verb: String, Hashable, Sendable, CaseIterable {
        /// To let the other side have what it says.
        case accept
        /// To give up what this side has said.
        case withdraw
    }

    /// Whether its creditor can drop it by its own word: it never was in the books of the other side, which has not said that it knows
    /// of it, or does not take it up.
    package var canBeDroppedAlone: Bool { isOpen && !isAboutPayment && proposed == nil && (untold != nil || refusal != nil) }

    /// Whether its creditor has dropped it without a word from the other side, which may still turn out to know of it.
    package var isDroppedUntold: Bool { untold != nil && cause == .unanswered && left == .zero && dropped != .zero }

    /// What a node can do to end it; `nil` when nothing is open that waits for it.
    package func verb(of node: NodeID) -> Verb? {
        if canBeDroppedAlone { return node == creditor ? .withdraw : nil }
        guard isOpen, proposed == nil, untold == nil else { return nil }
        // Of what is not paid the debtor accepts and the creditor withdraws; of what is paid it is the other way round.
        return (debtor == node) != isAboutPayment ? .accept : .withdraw
    }

    /// What is still in dispute, in credits; what is more than anybody can owe counts as the most that one can.
    package var worth: Microcredits { min(Bounds.money, worth(of: isOpen ? left : .zero)) }

    /// What a part of it is in credits; what is more than 64 bits hold is the most that they do.
    package func worth(of part: Charge) -> Microcredits { part.credits.clampedSum(prices.cost(of: part.inKind)) }

    /// Whether a part of it can be paid: one transfer carries all that it is worth.
    package func isPayable(_ part: Charge) -> Bool { worth(of: part) <= Bounds.money }

    /// The other side.
    package func peer(of node: NodeID) -> NodeID { node == creditor ? debtor : creditor }

    /// Whether it is `peer`'s making, as the other side sees it: where a rule has opened it each side has reason to see it in the other.
    package func isMaking(of peer: NodeID) -> Bool {
        switch cause {
        case .receipt, .premium: true
        case .unanswered: peer == debtor
        case .person: peer == opener
        }
    }

    /// Until when it must be remembered; `nil` while it is not over.
    package var remembered: Timestamp? {
        guard !isOpen, proposed == nil else { return nil }
        return resolved.map { $0 + (isDroppedUntold ? Self.longestMemory : Self.memory) }
    }

    /// Whether it was over longer ago than it must be remembered.
    package func isForgettable(at now: Timestamp) -> Bool { remembered.map { $0 < now } ?? false }

    /// What a step says about it.
    ///
    /// - Returns: `nil` when that node has no part in it.
    package func outcome(givenBy node: NodeID) -> Resolution.Outcome? {
        node == creditor ? .dropped : node == debtor ? .stands : nil
    }
}

extension Dispute {
    package mutating func propose(_ resolution: SignedResolution?) { proposed = resolution }

    package mutating func answer(_ resolution: SignedResolution) { answered = resolution }

    /// The other side has taken note of it, or says why not.
    package mutating func told(_ refusal: Refusal?, at now: Timestamp) {
        untold = nil
        self.refusal = refusal
        if !isOpen { resolved = resolved ?? now }
    }

    /// Carries out what both have signed.
    ///
    /// - Precondition: it is the next step, and no more than is left.
    package mutating func apply(_ resolution: Resolution, at now: Timestamp) {
        precondition(resolution.number == steps + 1 && resolution.amount.fits(in: left), "a step of \(id) out of turn")
        steps = resolution.number
        take(resolution.amount, resolution.outcome, at: now)
    }

    /// Drops what the other side knows nothing of.
    package mutating func dropAlone(at now: Timestamp) { take(left, .dropped, at: now) }

    /// The other side turns out to know of what was dropped without its word.
    package mutating func takeUpAgain() { (dropped, resolved) = (.zero, nil) }

    /// What was written off had been answered: the debtor lets so much stand.
    package mutating func answer(late accepted: Charge, at now: Timestamp) {
        untold = nil
        take(accepted, .stands, at: now)
    }

    /// The other side is gone for good, or as good as that: what waits for its answer waits no longer.
    package mutating func giveUp(_ why: Refusal, at now: Timestamp) {
        proposed = nil
        told(why, at: now)
    }

    private mutating func take(_ part: Charge, _ outcome: Resolution.Outcome, at now: Timestamp) {
        switch outcome {
        case .stands: stands += part
        case .dropped: dropped += part
        }
        if left == .zero { resolved = now }
    }
}

extension DisputeID {
    /// The dispute that follows from a receipt or an adjustment by rule: both sides name it alike.
    package init(of transfer: TransferID) { self.init(high: transfer.high, low: transfer.low) }
}
