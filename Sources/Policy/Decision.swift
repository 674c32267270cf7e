import Resources

/// What a borrower asks for in one round of a negotiation.
package struct Ask: Hashable, Codable, Sendable {
    package var amounts: Amounts
    /// What the borrower could do with; at most ``amounts``.
    package var least: Amounts
    package var term: Microseconds
    /// The most the borrower pays in this round.
    package var bid: Prices
    /// The warning it would like before the lease is ended early.
    package var notice: NoticeClass
    /// Counted from 1.
    package var round: Int
    /// After so many rounds the negotiation ends with or without agreement.
    package var rounds: Int
    /// When the term is to begin; at once when `nil`.
    package var start: Timestamp?
    /// What the borrower would give in return; credits alone when `nil`.
    package var consideration: Consideration?
    /// Whether this node's own users have offered it in return for something: then only whether it can be given is asked.
    package var isOwn = false

    package init(
        amounts: Amounts, least: Amounts? = nil, term: Microseconds, bid: Prices, notice: NoticeClass = .standard,
        round: Int = 1, rounds: Int = 4, start: Timestamp? = nil, consideration: Consideration? = nil
    ) {
        self.amounts = amounts
        self.least = least ?? amounts
        self.term = term
        self.bid = bid
        self.notice = notice
        self.round = round
        self.rounds = rounds
        self.start = start
        self.consideration = consideration
    }
}

/// How the lender stands in the span of time that is asked for, as far as it knows.
package struct Standing: Hashable, Codable, Sendable {
    package var capacity: Amounts
    /// What the owner uses, without guests.
    package var ownerUsage: Amounts
    /// What is promised already, in leases and in binding offers.
    package var committed: Amounts
    /// Leases and binding offers there are.
    package var openLeases: Int
    /// How much more this borrower may come to owe, reservations counted as owed.
    package var creditHeadroom: Microcredits
    /// The borrower's standing with this node; see ``PeerStanding/number``.
    package var borrowerStanding = 0
    /// What can still be promised firmly in that span; `nil` where promises are not held to a forecast.
    package var firm: FirmRoom?
    /// What the policy's conditions hold back.
    package var heldBack: HoldBack
    /// The limits in force that bind this borrower, in the order of the policy.
    package var restrictions: [Restriction]
    /// What can be given in kind; `nil` where nothing can.
    package var inKind: InKindStanding?
    /// What this node has of others in return in swaps.
    package var taken = Amounts.zero

    package init(
        capacity: Amounts, ownerUsage: Amounts, committed: Amounts, openLeases: Int, creditHeadroom: Microcredits,
        firm: FirmRoom? = nil, heldBack: HoldBack = .nothing, restrictions: [Restriction] = [], inKind: InKindStanding? = nil
    ) {
        self.capacity = capacity
        self.ownerUsage = ownerUsage
        self.committed = committed
        self.openLeases = openLeases
        self.creditHeadroom = creditHeadroom
        self.firm = firm
        self.heldBack = heldBack
        self.restrictions = restrictions
        self.inKind = inKind
    }
}

/// The lender's answer.
package enum Decision: Hashable, Codable, Sendable {
    /// The terms are within what was asked; they bind the lender once it says so.
    case offer(Terms)
    /// The nearest terms the lender would accept, and why those that were asked for are not.
    case counter(Terms, reason: String)
    case refuse(Refusal)
}
