import Bookkeeping
import Policy
import Resources

// Who is in the pool, who knows whom, and what they think of each other.

extension EconomyWorld {
    /// Those that are there from the first day on; each gets to know some of the others, and they it.
    mutating func found() {
        for index in participants.indices where participants[index].joins == 0 { admit(index, on: 0) }
        for index in present {
            let others = present.filter { $0 != index }.shuffled(using: &random)
            for other in others.prefix((plan.peers + 1) / 2) { introduce(index, other) }
        }
    }

    /// At the beginning of a day: newcomers join, whitewashers come back as somebody else.
    mutating func admit(on day: Int) {
        for index in participants.indices where day > 0 {
            if participants[index].joins == day { join(index, on: day) }
            guard participants[index].kind == .whitewasher, let identity = participants[index].identity,
                day - identities[identity].admitted >= plan.admission, hasUsedUp(creditOf: identity)
            else { continue }
            leave(identity)
            join(index, on: day)
        }
    }

    private mutating func join(_ participant: Int, on day: Int) {
        let others = present.shuffled(using: &random).prefix(plan.peers)
        let identity = admit(participant, on: day)
        for other in others { introduce(identity, other) }
    }

    @discardableResult
    private mutating func admit(_ participant: Int, on day: Int) -> Int {
        let borrower = Borrower(id: newID(), name: "node\(identities.count + 1)")
        participants[participant].identity = identities.count
        present.append(identities.count)
        identities.append(
            PoolIdentity(
                borrower, of: participant, capacity: participants[participant].workload.capacity, admitted: day))
        return identities.count - 1
    }

    private mutating func introduce(_ one: Int, _ other: Int) {
        guard !identities[one].peers.contains(other) else { return }
        identities[one].peers.append(other)
        identities[other].peers.append(one)
    }

    /// What it owes stays in the books of those it owes it to.
    private mutating func leave(_ index: Int) {
        for peer in identities[index].peers { identities[peer].peers.removeAll { $0 == index } }
        identities[index].peers = []
        present.removeAll { $0 == index }
        departed += 1
        lost += max(.zero, .zero - identities[index].balance)
    }

    /// The most that one may owe another, by the policy that all have.
    func creditLimit(of borrower: Int, by lender: Int) -> Microcredits {
        let who = identities[borrower].borrower
        return policy.creditLimit(
            of: who, standing: PeerStanding(lent: identities[lender].books.balance(of: .peer(who.id)).creditsPosted))
    }

    /// Lets a lender owe its borrower more, after what it has lent.
    mutating func raiseLimit(of lender: Int, by borrower: Int) {
        let (creditor, debtor) = (identities[lender].id, identities[borrower].id)
        let limit = creditLimit(of: lender, by: borrower)
        guard var given = identities[borrower].books.trustLine(with: creditor), given.granted != LedgerAmount(limit),
            var taken = identities[lender].books.trustLine(with: debtor)
        else { return }
        (given.granted, taken.received) = (LedgerAmount(limit), LedgerAmount(limit))
        identities[borrower].books.set(given)
        identities[lender].books.set(taken)
    }
}

// MARK: - How they stand

extension EconomyWorld {
    /// At the end of a day.
    mutating func sample() {
        for index in present where participants[identities[index].participant].kind.lends {
            months[months.count - 1].needNotEarn.note(hasReachedLimit(index))
        }
    }

    /// Whether at most a twentieth is left of all that those it can borrow from let it owe, what they owe it included.
    func hasUsedUp(creditOf index: Int) -> Bool {
        var (left, most) = (Microcredits.zero, Microcredits.zero)
        for peer in identities[index].peers where participants[identities[peer].participant].kind.lends {
            let limit = min(creditLimit(of: index, by: peer), policy.credit.owes)
            let hasMet = identities[index].books.trustLine(with: identities[peer].id) != nil
            left += hasMet ? identities[index].books.headroom(weMayOwe: identities[peer].id) : limit
            most += limit
        }
        return left * 20 <= most
    }

    /// Whether those that borrow from it may come to owe it at most another twentieth of all that it lets them.
    func hasReachedLimit(_ index: Int) -> Bool {
        var (left, most) = (Microcredits.zero, Microcredits.zero)
        for peer in identities[index].peers where participants[identities[peer].participant].kind.borrows {
            let limit = creditLimit(of: peer, by: index)
            let hasMet = identities[index].books.trustLine(with: identities[peer].id) != nil
            left += hasMet ? identities[index].books.headroom(toOweBy: identities[peer].id) : limit
            most += limit
        }
        return left * 20 <= most
    }
}
