import Bookkeeping
import Policy
import Resources

/// Somebody with a machine, under whatever identity.
struct Participant: Sendable {
    let kind: ParticipantKind
    /// The day on which it joins, counted from 0.
    let joins: Int
    var workload: Workload
    /// Index of the identity it goes by; `nil` before it has joined.
    var identity: Int?
    /// What it wants in this step.
    var wanted = Millicores.zero
    var served = Served()
    var lent = CoreMicroseconds.zero

    init(kind: ParticipantKind, plan: EconomyPlan, random: SeededGenerator) {
        var random = random
        let share = BasisPoints(.random(in: 1_000...7_000, using: &random))
        self.kind = kind
        joins = kind == .newcomer ? max(1, Int(share.rawValue) * plan.days / 10_000) : 0
        workload = Workload(demand: plan.demand, random: random)
    }
}

/// A node as the pool knows it: its certified identity, its books, and how it stands in this step.
struct PoolIdentity: Sendable {
    var borrower: Borrower
    let participant: Int
    let capacity: Amounts
    /// The day on which the pool admitted it.
    let admitted: Int
    /// Indices of the identities that it knows, all of them in the pool.
    var peers: [Int] = []
    var books = Books(remembering: rememberedTransfers)

    var ownerUsage = Amounts.zero
    var committed = Amounts.zero
    var openLeases = 0
    /// What could be lent to anyone now.
    var free = Millicores.zero

    /// A thousand books with the memory of the product would take gigabytes; more than the transfers of a step will do.
    private static let rememberedTransfers = 1024

    init(_ borrower: Borrower, of participant: Int, capacity: Amounts, admitted: Int) {
        self.borrower = borrower
        self.participant = participant
        self.capacity = capacity
        self.admitted = admitted
    }

    var id: NodeID { borrower.id }

    var earned: Microcredits { books.balance(of: .earned).creditsPosted }
    var spent: Microcredits { books.balance(of: .spent).debitsPosted }
    /// What it earned less what it spent: the sum of what its peers owe it, less what it owes them.
    var balance: Microcredits { earned - spent }

    func standing(creditHeadroom: Microcredits) -> Standing {
        Standing(
            capacity: capacity, ownerUsage: ownerUsage, committed: committed, openLeases: openLeases,
            creditHeadroom: creditHeadroom)
    }
}
