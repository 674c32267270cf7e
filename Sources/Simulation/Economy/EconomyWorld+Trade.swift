import Bookkeeping
import Policy
import Resources
import Trading

/// A lease of the hour that runs, with the reservation for it, which has the same id in the books of both.
struct EconomyLease: Sendable {
    let lender: Int
    let borrower: Int
    let terms: Terms
    let reservation: TransferID

    /// Less than 50 millicores for an hour are not worth a lease.
    static let smallestShare = Millicores(50)
    static let smallest = CoreMicroseconds(smallestShare, for: EconomyWorld.step)

    var usage: Usage { Usage(of: terms.amounts, for: terms.term) }
}

// Who asks whom, in which order, for how much. What is answered is the policy's, what is booked the books' matter.

extension EconomyWorld {
    /// As the product has it.
    private static let reservationGrace = Microseconds.minutes(15)
    private static let rounds = 2

    /// What came of asking everybody.
    struct Outcome {
        var missing: CoreMicroseconds
        /// Whether somebody has more to lend, and it could not pay; `nil` where nobody had anything to begin with.
        var lacksCredit: Bool?
    }

    /// Borrows what it can of `wanted`.
    ///
    /// First come those that owe it most, for there it spends what it earned; then others, which let it owe them. Who never lends
    /// also tries one with whom it has no credit left.
    mutating func borrow(_ wanted: CoreMicroseconds, by borrower: Int) -> Outcome {
        let lenders = candidates(for: borrower)
        var outcome = Outcome(missing: wanted, lacksCredit: lenders.isEmpty ? nil : false)
        for lender in lenders {
            guard outcome.missing >= EconomyLease.smallest else { return outcome }
            guard let most = affordable(by: borrower, from: lender) else { continue }
            outcome.missing = outcome.missing - lend(outcome.missing, atMost: most, from: lender, to: borrower)
        }
        // What credit pays for was taken: where something is left, it does not pay for that.
        guard outcome.missing >= EconomyLease.smallest,
            let lender = lenders.first(where: { identities[$0].free >= EconomyLease.smallestShare })
        else { return outcome }
        outcome.lacksCredit = true
        if !participants[identities[borrower].participant].kind.lends {
            outcome.missing = outcome.missing - lend(outcome.missing, atMost: Bounds.cpu, from: lender, to: borrower)
        }
        return outcome
    }

    /// Those that it knows and that have something to lend, the one to ask first in front.
    private mutating func candidates(for borrower: Int) -> ArraySlice<Int> {
        let peers = identities[borrower].peers
        guard !peers.isEmpty else { return [] }
        let first = Int.random(in: 0..<peers.count, using: &random)
        var debtors: [(debt: Microcredits, lender: Int)] = []
        var others: [Int] = []
        for lender in peers[first...] + peers[..<first] where identities[lender].free >= EconomyLease.smallestShare {
            let debt = identities[borrower].books.debt(of: identities[lender].id)
            if debt > .zero { debtors.append((debt, lender)) } else { others.append(lender) }
        }
        debtors.sort { ($0.debt, $0.lender) > ($1.debt, $1.lender) }
        return (debtors.map(\.lender) + others).prefix(Negotiating.fanOut)
    }

    /// The most processing for an hour that its credit with a lender pays; `nil` when that is not worth a lease.
    private func affordable(by borrower: Int, from lender: Int) -> Millicores? {
        let (books, peer) = (identities[borrower].books, identities[lender].id)
        let headroom = books.trustLine(with: peer) == nil ? plan.limit : books.headroom(weMayOwe: peer)
        let price = policy.cpu?.pricing.quote(at: .whole).asked ?? .zero
        // What is reserved is rounded up.
        let most = Millicores(max(.zero, headroom - 1).scaled(by: 1000, over: max(1, price.rawValue)).rawValue)
        return most >= EconomyLease.smallestShare ? min(most, Bounds.cpu) : nil
    }

    /// Agrees with a lender on a part of what is missing; returns how much processing it comes to.
    private mutating func lend(
        _ missing: CoreMicroseconds, atMost most: Millicores, from lender: Int, to borrower: Int
    ) -> CoreMicroseconds {
        let wanted = min(missing.mean(over: Self.step), min(most, identities[lender].free))
        guard wanted >= EconomyLease.smallestShare, let terms = negotiate(wanted, lender, borrower),
            let lease = reserve(terms, lender, borrower)
        else { return .zero }
        openLeases.append(lease)
        leases += 1
        identities[lender].committed += terms.amounts
        identities[lender].openLeases += 1
        update(lender)
        let usage = lease.usage.cpu
        participants[identities[lender].participant].lent += usage
        for word in [lender, borrower, Int(usage.rawValue)] { hash.combine(UInt64(word)) }
        return usage
    }

    /// Asks for `wanted`, and then for what is proposed instead.
    private mutating func negotiate(_ wanted: Millicores, _ lender: Int, _ borrower: Int) -> Terms? {
        var ask = Ask(
            amounts: Amounts(cpu: wanted), least: Amounts(cpu: EconomyLease.smallestShare), term: Self.step,
            bid: policy.borrow.maximumPrices, rounds: Self.rounds)
        for round in 1...Self.rounds {
            ask.round = round
            switch decide(ask, lender, borrower) {
            case .offer(let terms): return terms
            case .counter(let terms, _): (ask.amounts, ask.term) = (terms.amounts, terms.term)
            case .refuse(let refusal):
                refusedForCredit += refusal.term == "credit" ? 1 : 0
                return nil
            }
        }
        return nil
    }

    private func decide(_ ask: Ask, _ lender: Int, _ borrower: Int) -> Decision {
        let who = identities[borrower].borrower
        let books = identities[lender].books
        let hasMet = books.trustLine(with: who.id) != nil
        let headroom = hasMet ? books.headroom(toOweBy: who.id) : creditLimit(of: borrower, by: lender)
        return policy.decide(ask, from: who, given: identities[lender].standing(creditHeadroom: headroom))
    }

    // MARK: Booking

    /// Reserves in both books what a lease can cost.
    private mutating func reserve(_ terms: Terms, _ lender: Int, _ borrower: Int) -> EconomyLease? {
        openLine(lender, borrower)
        let id: TransferID = newID()
        let lease: LeaseID = newID()
        let (creditor, debtor) = (identities[lender].id, identities[borrower].id)
        let spending = Transfer(
            id: id, kind: .pending, debit: .spent, credit: .peer(creditor), amount: terms.ceiling.credits, lease: lease,
            expires: Deadline(terms.term + Self.reservationGrace, after: now), at: now.utc)
        var earning = spending
        (earning.debit, earning.credit) = (.peer(debtor), .earned)
        guard book(spending, borrower), book(earning, lender) else { return nil }
        return EconomyLease(lender: lender, borrower: borrower, terms: terms, reservation: id)
    }

    /// Opens the trust line between two that meet for the first time, on both sides, by what their policies say.
    private mutating func openLine(_ lender: Int, _ borrower: Int) {
        let (creditor, debtor) = (identities[lender].id, identities[borrower].id)
        guard identities[lender].books.trustLine(with: debtor) == nil else { return }
        let (given, taken) = (creditLimit(of: borrower, by: lender), creditLimit(of: lender, by: borrower))
        identities[lender].books.set(
            TrustLine(peer: debtor, granted: given, received: taken, ownCeiling: policy.credit.owes))
        identities[borrower].books.set(
            TrustLine(peer: creditor, granted: taken, received: given, ownCeiling: policy.credit.owes))
    }

    /// Books a transfer. What the policy offered within the borrower's credit must be taken.
    private mutating func book(_ transfer: Transfer, _ index: Int) -> Bool {
        do {
            if try identities[index].books.apply(transfer, at: now) == .applied { return true }
            violate("what is agreed on can be booked", index, "\(transfer.id) was booked before")
        } catch {
            violate("what is agreed on can be booked", index, error.description)
        }
        return false
    }

    /// At the end of an hour: what was used is posted, the rest given back, in the books of both.
    mutating func settle() {
        for lease in openLeases {
            let amount = lease.terms.prices.cost(of: lease.usage)
            let (post, void): (TransferID, TransferID) = (newID(), newID())
            for index in [lease.borrower, lease.lender] { close(lease.reservation, amount, post, void, index) }
            months[months.count - 1].moved += amount
            raiseLimit(of: lease.lender, by: lease.borrower)
            checkLine(lease.lender, lease.borrower)
        }
        openLeases.removeAll(keepingCapacity: true)
    }

    private mutating func close(
        _ id: TransferID, _ amount: Microcredits, _ post: TransferID, _ void: TransferID, _ index: Int
    ) {
        guard let reservation = identities[index].books.reservation(id) else {
            return violate("every reservation resolves", index, "\(id) is not open at the end of its lease")
        }
        guard book(reservation.post(LedgerAmount(amount), as: post, at: now.utc), index),
            let rest = identities[index].books.reservation(id)
        else { return }
        _ = book(rest.void(as: void, at: now.utc), index)
    }
}
