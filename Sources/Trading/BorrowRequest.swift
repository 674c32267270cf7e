import Resources

/// What someone wants to borrow.
package struct Want: Hashable, Codable, Sendable {
    package var amounts: Amounts
    /// What would do; at most `amounts`.
    package var least: Amounts
    package var term: Microseconds
    package var maxPrices: Prices
    /// The warning it would like before the lease is ended early.
    package var notice: NoticeClass
    /// The least warning that will do; any when `nil`.
    package var leastNotice: NoticeClass?
    package var user: String
    /// Whether the lease is to renew itself until released.
    package var renewsItself: Bool
    /// When the term is to begin; at once when `nil`.
    package var start: Timestamp?
    /// From how many nodes, each giving all of it, or none is wanted; one when `nil`.
    package var several: Int?
    /// The job that it is for; `nil` for a lease that somebody asks for.
    package var job: JobID?
    /// The rule of this node's policy that wants it; `nil` for what somebody asks for.
    package var rule: String?
    /// What would be given in return; credits alone when `nil`.
    package var means: Means?
    /// How long what is owed has to last, renewals included, where it is used up; however long that is when `nil`.
    package var lasting: Microseconds?

    package init(
        amounts: Amounts, least: Amounts? = nil, term: Microseconds, maxPrices: Prices, notice: NoticeClass = .standard,
        leastNotice: NoticeClass? = nil, user: String, renewsItself: Bool = false, start: Timestamp? = nil, nodes: Int = 1
    ) {
        self.amounts = amounts
        self.least = least ?? amounts
        self.term = term
        self.maxPrices = maxPrices
        self.notice = notice
        self.leastNotice = leastNotice
        self.user = user
        self.renewsItself = renewsItself
        self.start = start
        several = nodes > 1 ? nodes : nil
    }

    /// From how many nodes it is wanted.
    package var nodes: Int { several ?? 1 }

    /// The terms to propose, bidding the most it would pay: the lender offers at its own price where that is lower.
    package var bid: Terms {
        Terms(
            amounts: amounts, prices: mostPaid, term: term, notice: notice, start: start, consideration: means?.preferred)
    }

    /// The most it would pay. What has no disk in it says nothing of disk, so that older nodes can be asked for it.
    fileprivate var mostPaid: Prices {
        amounts.disk == .zero ? Prices(cpu: maxPrices.cpu, memory: maxPrices.memory) : maxPrices
    }

    /// Which of two offers it prefers: the cheaper, of equal ones the larger, then the longer; `nil` when they are alike.
    package func prefers(_ first: Terms, to second: Terms) -> Bool? {
        let hour = Microseconds.hours(1)
        // What is owed in kind is reckoned at the prices of the agreement, at which it would be converted; what is lent in return at
        // what would be paid for as much.
        let costs = (cost(of: first, for: hour), cost(of: second, for: hour))
        if costs.0 != costs.1 { return costs.0 < costs.1 }
        if first.amounts != second.amounts { return second.amounts.fits(in: first.amounts) }
        return first.term == second.term ? nil : first.term > second.term
    }

    private func cost(of terms: Terms, for span: Microseconds) -> Microcredits {
        guard let exchange = terms.exchange else { return terms.cost(of: amounts, for: span) }
        return maxPrices.cost(of: exchange.whole).scaled(by: span.rawValue, over: max(1, terms.term.rawValue))
    }

    /// Why `terms` will not do, or `nil` when they will.
    package func objection(to terms: Terms) -> Refusal? {
        if let objection = priceObjection(to: terms) { return objection }
        if let objection = (means ?? Means()).objection(to: terms.consideration) { return objection }
        if let exchange = terms.exchange, exchange.worth != terms.prices.cost(of: Usage(of: terms.amounts, for: terms.term)) {
            return Refusal(term: "consideration", reason: "the worth of the swap is not that of what is lent at its prices")
        }
        if !least.fits(in: terms.amounts) {
            return Refusal(term: "amount", reason: "\(terms.amounts.text) offered, at least \(least.text) would do")
        }
        if !terms.amounts.fits(in: amounts) {
            return Refusal(term: "amount", reason: "more offered than was asked for")
        }
        if terms.term > term {
            return Refusal(term: "term", reason: "\(terms.term.text) offered, \(term.text) asked for")
        }
        if terms.start != start {
            let reason = terms.start == nil ? "it lends at once only, and promises nothing ahead" : "another start was offered"
            return Refusal(term: "start", reason: reason)
        }
        if let leastNotice, terms.notice < leastNotice {
            return Refusal(
                term: "notice", reason: "'\(terms.notice.rawValue)' notice offered, at least '\(leastNotice.rawValue)' asked for")
        }
        guard Bounds.accepts(term: terms.term), Bounds.accepts(terms.prices), Bounds.accepts(terms.amounts) else {
            return Refusal(term: "terms", reason: "terms out of range")
        }
        return nil
    }
}

extension Want {
    private func priceObjection(to terms: Terms) -> Refusal? {
        // Nothing is paid for what is owed already: its prices only say what it was worth.
        if case .redemption = terms.consideration { return nil }
        if terms.prices.cpu > maxPrices.cpu {
            return Refusal(
                term: "price", reason: "\(terms.prices.cpu.text) a core-hour asked, at most \(maxPrices.cpu.text) would be paid")
        }
        if terms.prices.memory > maxPrices.memory {
            return Refusal(
                term: "price",
                reason: "\(terms.prices.memory.text) a GiB-hour asked, at most \(maxPrices.memory.text) would be paid")
        }
        if terms.prices.disk > maxPrices.disk {
            return Refusal(
                term: "price",
                reason: "\(terms.prices.disk.text) a GiB-hour of disk asked, at most \(maxPrices.disk.text) would be paid")
        }
        return nil
    }
}

/// One wish to borrow: several peers are asked side by side, and the best binding offer is accepted, or as many of the best as
/// nodes are wanted.
///
///     draft -> proposed <-> countered -> offered -> accepted -> committed
///                                    \-> rejected | withdrawn | expired
///
/// Each peer's conversation is a ``Talk``. The request decides as soon as every peer has answered for good, or when the
/// time of the last round has run out.
package struct BorrowRequest: Hashable, Codable, Sendable {
    package struct Talk: Hashable, Codable, Sendable {
        package enum State: Hashable, Codable, Sendable {
            case proposed
            case offered(Terms, until: Deadline)
            /// The lender refused, or its terms will not do.
            case rejected(Refusal)
            /// No answer in time.
            case silent
        }

        package let peer: NodeID
        package let negotiation: NegotiationID
        package var round = 1
        /// What was last proposed.
        package var bid: Terms
        package var state = State.proposed
        /// Why the lender did not offer what it was asked for, in its words; `nil` where it has not countered.
        package var counter: String?
        var roundEnds: Deadline
        var resendAt: Deadline
    }

    /// A message to one of the peers asked.
    package struct Outgoing: Hashable, Sendable {
        package let peer: NodeID
        package let message: TradeMessage
    }

    package enum Verdict: Hashable, Sendable {
        case waiting
        /// The best offers, as many as are wanted, by index into ``talks``.
        case best([Int])
        case hopeless
    }

    package let id: RequestID
    package let want: Want
    package let began: Deadline
    package private(set) var talks: [Talk]

    /// Opens a conversation with each of `peers`.
    ///
    /// - Precondition: at most ``Negotiating/fanOut`` peers.
    package init(
        id: RequestID, want: Want, peers: [NodeID], now: Moment, random: inout some RandomNumberGenerator
    ) {
        precondition(peers.count <= Negotiating.fanOut, "\(peers.count) peers asked at once")
        self.id = id
        self.want = want
        began = Deadline(now)
        talks = []
        for peer in peers {
            talks.append(
                Talk(
                    peer: peer, negotiation: NegotiationID(at: now.utc, using: &random), bid: want.bid,
                    roundEnds: Deadline(Negotiating.roundTime, after: now),
                    resendAt: Deadline(Negotiating.resendAfter, after: now)))
        }
    }

    package var proposals: [Outgoing] { talks.indices.map(proposal) }

    package func verdict(at now: Moment) -> Verdict {
        if talks.contains(where: { $0.state == .proposed }) { return .waiting }
        let offers = talks.indices.filter { offeredTerms($0, at: now) != nil }
        guard offers.count >= want.nodes else { return .hopeless }
        return .best(Array(offers.sorted { isBetter($0, $1, at: now) }.prefix(want.nodes)))
    }

    /// What is offered now, where that is too little for a request for several nodes.
    package func standingOffers(at now: Moment) -> [Terms] { talks.indices.compactMap { offeredTerms($0, at: now) } }

    /// What is offered in one talk, while it binds the lender.
    package func offeredTerms(_ index: Int, at now: Moment) -> Terms? {
        guard case .offered(let terms, let until) = talks[index].state, !until.hasPassed(at: now) else { return nil }
        return terms
    }

    /// Why a lender offers other amounts, another term or something else in return than were asked for, in its words.
    ///
    /// - Parameter terms: its offer.
    package func deviation(_ index: Int, in terms: Terms) -> String? {
        let isAsAsked =
            terms.amounts == want.amounts && terms.term == want.term && terms.consideration == want.bid.consideration
        guard !isAsAsked, let counter = talks[index].counter else { return nil }
        return want.means?.deferral != nil && terms.consideration == nil ? "all of it is paid in credits: \(counter)" : counter
    }

    /// Takes a lender's answer. Answers to other rounds, and repeated ones, change nothing.
    package mutating func take(_ answer: Answer, from peer: NodeID, at now: Moment) -> [Outgoing] {
        guard
            let index = talks.firstIndex(where: { $0.negotiation == answer.negotiation && $0.peer == peer }),
            talks[index].round == answer.round, talks[index].state == .proposed
        else { return [] }
        switch answer.outcome {
        case .rejected(let refusal):
            talks[index].state = .rejected(refusal)
            return []
        case .offered(let terms, let timeToLive, _):
            if let objection = want.objection(to: terms) { return giveUp(index, objection, nearest: terms) }
            let binding = max(.zero, min(timeToLive, Negotiating.offerTime))
            talks[index].state = .offered(terms, until: Deadline(binding, after: now))
            return []
        case .countered(let terms, let reason):
            talks[index].note(reason)
            return reply(to: terms, because: reason, index, at: now)
        }
    }

    /// The lender declined an acceptance after all.
    package mutating func decline(_ index: Int, _ refusal: Refusal) { talks[index].state = .rejected(refusal) }

    /// Waits no longer for `peer`, which cannot be asked.
    package mutating func giveUp(on peer: NodeID, _ refusal: Refusal) {
        for index in talks.indices where talks[index].peer == peer && talks[index].state == .proposed {
            talks[index].state = .rejected(refusal)
        }
    }

    /// Resends what was not answered and gives up on rounds whose time has run out.
    package mutating func tick(at now: Moment) -> [Outgoing] {
        var outgoing: [Outgoing] = []
        for index in talks.indices where talks[index].state == .proposed {
            if talks[index].roundEnds.hasPassed(at: now) {
                talks[index].state = .silent
                outgoing.append(withdrawal(index))
            } else if talks[index].resendAt.hasPassed(at: now) {
                talks[index].resendAt = Deadline(Negotiating.resendAfter, after: now)
                outgoing.append(proposal(index))
            }
        }
        return outgoing
    }

    /// Tells every peer but the chosen ones that it may forget about this.
    package func withdrawals(except chosen: [Int]) -> [Outgoing] {
        talks.indices.compactMap { index in
            guard !chosen.contains(index), case .offered = talks[index].state else { return nil }
            return withdrawal(index)
        }
    }

    /// When ``tick(at:)`` is next due.
    package func nextTick(at now: Moment) -> Instant? {
        talks.filter { $0.state == .proposed }.map { min($0.roundEnds.instant(at: now), $0.resendAt.instant(at: now)) }.min()
    }

    private mutating func reply(to terms: Terms, because reason: String, _ index: Int, at now: Moment) -> [Outgoing] {
        let objection = want.objection(to: terms)
        // Only a price can still be haggled over, for the lender concedes from round to round, and something in kind left out.
        let leavesKindOut =
            objection?.term == "consideration" && want.means?.credits == true && talks[index].bid.consideration != nil
        if var objection, objection.term != "price", !leavesKindOut {
            objection.reason += " (\(reason))"
            return giveUp(index, objection, nearest: terms)
        }
        guard talks[index].round < Negotiating.rounds else {
            let refusal = objection ?? Refusal(term: "rounds", reason: "no agreement in \(Negotiating.rounds) rounds")
            return giveUp(index, refusal, nearest: terms)
        }
        talks[index].round += 1
        talks[index].bid = Terms(
            amounts: terms.amounts.limited(to: want.amounts),
            prices: objection == nil ? terms.prices : want.mostPaid,
            term: min(terms.term, want.term), notice: terms.notice, start: want.start,
            consideration: leavesKindOut ? nil : terms.consideration)
        talks[index].roundEnds = Deadline(Negotiating.roundTime, after: now)
        talks[index].resendAt = Deadline(Negotiating.resendAfter, after: now)
        return [proposal(index)]
    }

    /// - Parameter terms: what the lender would have given.
    private mutating func giveUp(_ index: Int, _ objection: Refusal, nearest terms: Terms) -> [Outgoing] {
        var refusal = objection
        // A lender that cannot promise ahead does not say what it would do later.
        if terms.start == want.start { refusal.alternatives = [Alternative(settling: objection.term, terms)] }
        talks[index].state = .rejected(refusal)
        return [withdrawal(index)]
    }

    private func proposal(_ index: Int) -> Outgoing {
        let talk = talks[index]
        return Outgoing(
            peer: talk.peer,
            message: .propose(
                Proposal(
                    negotiation: talk.negotiation, round: talk.round, terms: talk.bid, least: want.least, user: want.user)))
    }

    private func withdrawal(_ index: Int) -> Outgoing {
        Outgoing(peer: talks[index].peer, message: .withdraw(talks[index].negotiation))
    }

    /// Cheaper for what was asked for, then larger, then longer, then the peer asked first.
    private func isBetter(_ a: Int, _ b: Int, at now: Moment) -> Bool {
        guard let first = offeredTerms(a, at: now), let second = offeredTerms(b, at: now) else { return false }
        return want.prefers(first, to: second) ?? (a < b)
    }
}

extension BorrowRequest.Talk {
    /// Keeps what a lender gave as reason, once.
    fileprivate mutating func note(_ reason: String) {
        guard let before = counter else {
            counter = reason
            return
        }
        if !before.contains(reason) { counter = before + "; " + reason }
    }
}
