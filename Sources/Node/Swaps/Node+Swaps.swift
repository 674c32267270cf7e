import Bookkeeping
import Policy
import Resources
import Trading

// Swaps: two leases in opposite directions under one agreement. The lender's commit of the agreement decides both.

extension Node {
    // MARK: Agreeing

    /// What this node has of others in return, or will have once offers that bind it are taken up.
    var takenInSwaps: Amounts {
        let leased = leases.unsettled.values.reduce(Amounts.zero) { sum, entry in
            entry.lease.role == .borrower && entry.lease.isOpen && entry.lease.other != nil ? sum + entry.lease.amounts : sum
        }
        return holds.values.reduce(leased) { sum, hold in
            hold.isReturn ? sum : sum + (hold.terms.exchange?.amounts ?? .zero)
        }
    }

    /// Sets aside what is to be lent in return, from before the acceptance is sent until its fate is known.
    ///
    /// - Throws: ``Refusal`` where this node's own policy does not lend it now.
    mutating func holdReturn(
        _ terms: Terms, for peer: NodeID, _ step: inout Step
    ) throws(Refusal) -> NegotiationID? {
        guard let back = terms.mirrored else { return nil }
        let most = Prices(cpu: Bounds.price, memory: Bounds.price, disk: Bounds.price)
        var ask = Ask(
            amounts: back.amounts, term: back.term, bid: most, notice: back.notice, consideration: back.consideration)
        ask.isOwn = true
        switch decide(ask, from: borrower(peer), at: step.now) {
        case .offer(let offered) where offered.notice == back.notice: break
        case .offer(let offered):
            let reason =
                "this node lends with '\(offered.notice.rawValue)' notice, '\(back.notice.rawValue)' was offered in return"
            throw Refusal(term: "notice", reason: reason)
        case .counter(_, let reason):
            throw Refusal(term: "consideration", reason: "this node cannot lend in return what it offered: \(reason)")
        case .refuse(let refusal):
            throw Refusal(
                term: "consideration", reason: "this node cannot lend in return what it offered: \(refusal.reason)",
                retryAfter: refusal.retryAfter)
        }
        // Nobody else is told of the id, so that no message of a peer can touch the hold.
        let hold = Hold(
            negotiation: step.newID(), round: 1, borrower: peer, user: "", terms: back,
            until: Deadline(Self.returnIsHeld(back), after: step.now), isReturn: true)
        holds[hold.negotiation] = hold
        step.record(.state(.hold, id: hold.negotiation.description, hold))
        return hold.negotiation
    }

    /// A lender that commits does so while its offer binds it, and counts its term from then on: when that is over, nothing is left
    /// of what it could use here.
    private static func returnIsHeld(_ back: Terms) -> Microseconds { Negotiating.offerTime + back.term }

    mutating func letGo(ofReturn hold: NegotiationID?, _ step: inout Step) {
        guard let hold, holds.removeValue(forKey: hold) != nil else { return }
        step.forget(.hold, hold)
    }

    /// The leases of a swap begin, in the same step: this makes the one that is given in return.
    ///
    /// - Parameter remaining: of its term.
    mutating func beginReturn(of agreement: Agreement, hash: Digest, remaining: Microseconds, _ step: inout Step) {
        guard let other = agreement.other, let mirrored = agreement.mirrored else { return }
        let swap = SwapEntry(agreement, other, own: id)
        keep(swap, &step)
        #if Defects
            if Defect.active == .swapHalved, mirrored.lender == id { return }
        #endif
        let isLender = mirrored.lender == id
        var entry = LeaseEntry(
            lease: Lease(mirrored, role: isLender ? .lender : .borrower, at: step.now, remaining: remaining),
            bill: mirrored.bill(hash: hash))
        if isLender { entry.open(billing: rhythm.receipts, at: step.now) }
        keep(entry, &step)
        let (peer, amounts) = (swap.peer, mirrored.terms.amounts.text)
        step.tell(
            isLender ? "lease.granted" : "lease.active", [entry.id, agreement.id, agreement.lease, peer],
            (isLender ? "lent \(amounts) to \(name(of: peer))" : "\(name(of: peer)) lends \(amounts)")
                + " for \(mirrored.terms.term.text), in return for \(agreement.lease)", mirrored.terms.details)
        if isLender { step.setAside(entry.lease) }
        step.act(.changed(entry.id))
        if isLender { holdToPause(entry.id, &step) }
    }

    /// A borrower has its lender's word: what it gives in return begins, too.
    mutating func takeUpReturn(of acceptance: PendingAcceptance, hash: Digest, _ step: inout Step) {
        guard let terms = acceptance.agreement.terms.mirrored else { return }
        letGo(ofReturn: acceptance.returned, &step)
        let passed = -Deadline(acceptance.began).remaining(at: step.now)
        let remaining = min(terms.term, max(.zero, Self.returnIsHeld(terms) - passed))
        beginReturn(of: acceptance.agreement, hash: hash, remaining: remaining, &step)
    }

    // MARK: Keeping both in step

    /// When a lease ends that this node borrows, what it lends in return goes on until it has given as much of the worth of the swap,
    /// and for its notice at the least.
    mutating func endReturn(for entry: LeaseEntry, _ step: inout Step) {
        guard entry.lease.role == .borrower, let other = entry.lease.other, let own = leases[other], own.lease.isOpen,
            own.lease.state != .reclaiming
        else { return }
        #if Defects
            if Defect.active == .returnOutlives { return }
        #endif
        let (terms, elapsed) = (own.lease.terms, own.lease.elapsed(at: step.now))
        let believed = entry.bill.tariff.charge(for: entry.lease.setAside(at: step.now)).credits
        let taken = max(entry.bill.charged.credits, entry.bill.isFinal ? .zero : believed)
        guard let worth = terms.exchange?.worth, worth > .zero, taken < worth else { return }
        let left = max(terms.term.scaled(by: taken.rawValue, over: worth.rawValue) - elapsed, terms.notice.notice)
        guard left < own.lease.ends.remaining(at: step.now) - Timing.endTolerance else { return }
        reclaim(other, atOnce: false, within: left, reason: "what is lent in return has ended: \(entry.id)", &step)
    }

    /// Ends a swap in which the peer gives much less than this node does, as a lender that throttles its guests.
    mutating func keepInStep(with receipt: Receipt, of entry: LeaseEntry, _ step: inout Step) {
        guard let other = entry.lease.other, let own = leases[other], own.lease.isOpen, own.lease.state != .reclaiming,
            let worth = own.lease.terms.exchange?.worth
        else { return }
        let span = min(receipt.elapsed, own.lease.elapsed(at: step.now))
        let given = own.bill.tariff.charge(for: Usage(of: own.lease.terms.amounts, for: span)).credits
        let most = own.lease.terms.ceiling.credits + Timing.swapTolerance.of(worth)
        let taken = entry.bill.accepted.credits
        guard given - taken > most else { return }
        reclaim(
            other, atOnce: false,
            reason:
                "\(name(of: entry.lease.peer)) gives less in return than was agreed: \(taken.text) of \(given.text)",
            &step)
    }

    // MARK: Settling

    /// What both have signed for of one half.
    mutating func post(_ amount: Microcredits, ofSwap receipt: Receipt, _ entry: LeaseEntry, _ step: inout Step) {
        guard var swap = swaps[entry.lease.agreement] else { return }
        let isLent = entry.id == swap.lent
        let (debit, credit) = isLent ? (.swap(swap.peer), .earned) : (Account.spent, Account.swap(swap.peer))
        if isLent { swap.given += amount } else { swap.taken += amount }
        keep(swap, &step)
        guard amount > .zero else { return }
        enter(as: receipt.transfer, &step) { id, time in
            Transfer(id: id, kind: .direct, debit: debit, credit: credit, amount: amount, lease: entry.id, at: time)
        }
    }

    /// Nothing more comes of one half. When that is so of both, what is left between them is owed like anything else.
    mutating func settleSwap(of lease: Lease, _ step: inout Step) {
        guard lease.other != nil, var swap = swaps[lease.agreement] else { return }
        swap.settled.insert(lease.id)
        guard swap.isSettled else { return keep(swap, &step) }
        swaps[swap.agreement] = nil
        step.forget(.swap, swap.agreement)
        for reservation in swap.reservations { void(reservation, &step) }
        let rest = swap.given - swap.taken
        moveRest(rest, of: swap, &step)
        let peer = name(of: swap.peer)
        step.tell(
            "swap.settled", [swap.agreement, swap.lent, swap.borrowed, swap.settlement, swap.peer],
            rest == .zero
                ? "both gave as much, and nothing is owed"
                : rest > .zero ? "\(peer) owes \(rest.text) for what it gave less" : "\((.zero - rest).text) are owed to \(peer)",
            [
                Event.Detail("given_microcredits", String(swap.given.rawValue)),
                Event.Detail("taken_microcredits", String(swap.taken.rawValue)),
            ])
    }

    private mutating func moveRest(_ rest: Microcredits, of swap: SwapEntry, _ step: inout Step) {
        #if Defects
            if Defect.active == .swapRestKept { return }
        #endif
        guard rest != .zero else { return }
        let (debit, credit) =
            rest > .zero ? (Account.peer(swap.peer), Account.swap(swap.peer)) : (.swap(swap.peer), .peer(swap.peer))
        let amount = max(rest, .zero - rest)
        enter(as: swap.settlement, &step) { id, time in
            Transfer(id: id, kind: .direct, debit: debit, credit: credit, amount: amount, lease: swap.lease, at: time)
        }
    }

    /// What the peer has signed for of what this node has lent, late.
    mutating func note(given amount: Microcredits, in swap: SwapEntry, _ step: inout Step) {
        var swap = swap
        swap.given += amount
        keep(swap, &step)
    }

    private mutating func keep(_ swap: SwapEntry, _ step: inout Step) {
        swaps[swap.agreement] = swap
        step.record(.state(.swap, id: swap.agreement.description, swap))
    }
}
