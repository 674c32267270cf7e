import Bookkeeping
import LedgerStore
import Resources
import Trading
import Wire

/// Who held leases, for what: told once of each.
struct LeaseHolders {
    /// So many programs of one lease are named.
    private static let mostPrograms = 3

    let pool: PoolMembership
    private var told: Set<LeaseID> = []

    init(_ pool: PoolMembership) { self.pool = pool }

    /// Of the leases of which was not told before. Blocks.
    mutating func take(_ leases: [LeaseID]) throws -> [Surplus_V1_LeaseHolder] {
        let fresh = Set(leases).subtracting(told).sorted()
        guard !fresh.isEmpty else { return [] }
        told.formUnion(fresh)
        let agreements = try pool.house.store.agreements(of: fresh)
        let programs = try pool.house.store.programs(of: fresh)
        return fresh.map { holder($0, agreements[$0], programs[$0] ?? []) }
    }

    private func holder(_ lease: LeaseID, _ agreement: AgreementRecord?, _ programs: [String]) -> Surplus_V1_LeaseHolder {
        .with { holder in
            holder.lease = lease.description
            holder.application = Self.application(programs)
            guard let agreement else { return }
            let peer = agreement.lender == pool.own ? agreement.borrower : agreement.lender
            (holder.peer, holder.peerName) = (peer.description, pool.name(of: peer))
            // nobody has asked for what is given in return: it is the other node's as a whole
            holder.inReturn = agreement.lease != lease
            guard !holder.inReturn else { return }
            // an agreement of a later version is told without its user
            holder.user = (try? Agreement(document: agreement.document))?.user ?? ""
        }
    }

    /// The programs by their last names.
    static func application(_ programs: [String]) -> String {
        var names: [String] = []
        for program in programs {
            let name = program.split(separator: "/").last.map(String.init) ?? program
            if !names.contains(name) { names.append(name) }
        }
        let rest = names.count - mostPrograms
        return names.prefix(mostPrograms).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
    }
}
