import Bookkeeping
import Resources

// That no credit comes from nowhere, and none is gone.

extension EconomyWorld {
    /// After every settlement: what one side is owed the other owes.
    mutating func checkLine(_ one: Int, _ other: Int) {
        let owed = identities[one].books.balance(of: .peer(identities[other].id)).net
        let owes = identities[other].books.balance(of: .peer(identities[one].id)).net
        guard owed + owes != .zero else { return }
        violate(
            "mirrored trust lines agree", one,
            "is owed \(owed.text) by \(identities[other].borrower.name), which owes \((-owes).text)")
    }

    /// At the end of every day, when no lease runs: in every book debits equal credits, nothing is reserved, nobody owes more than
    /// it may, every line agrees with its mirror; and all balances together are nothing.
    mutating func audit() {
        var indices: [NodeID: Int] = [:]
        for index in identities.indices { indices[identities[index].id] = index }
        for index in identities.indices { check(index, indices) }
        let sum = identities.reduce(Microcredits.zero) { $0 + $1.balance }
        if sum != .zero { violate("balances sum to nothing", 0, "to \(sum.text)") }
    }

    private mutating func check(_ index: Int, _ indices: [NodeID: Int]) {
        var (posted, pending) = (Microcredits.zero, Microcredits.zero)
        for entry in identities[index].books.entries {
            let balance = entry.balance.typed(Microcredits.self)
            posted += balance.debitsPosted - balance.creditsPosted
            pending += balance.debitsPending - balance.creditsPending
            if balance.debitsPending != .zero || balance.creditsPending != .zero {
                violate("every reservation resolves", index, "\(entry.line.account): \(entry.balance.text(in: entry.line.unit))")
            }
            guard case .peer(let peer) = entry.line.account else { continue }
            if let other = indices[peer] { checkLine(index, other) }
            let granted = identities[index].books.trustLine(with: peer).map { Microcredits($0.granted) } ?? .zero
            if balance.net > granted {
                violate("nobody owes more than it may", index, "\(peer) owes \(balance.net.text) of \(granted.text)")
            }
        }
        if posted != .zero || pending != .zero {
            violate("debits equal credits", index, "they differ by \(posted) posted, \(pending) pending")
        }
    }
}
