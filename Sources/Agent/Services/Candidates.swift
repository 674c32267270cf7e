import GRPCCore
import Identity
import Node
import Resources
import Trading

// Whom a request is made to.

extension Engine {
    /// The peers to ask for what is wanted: those named, or all; who owes it, where that is to be used up.
    ///
    /// - Throws: an error of usage where a node is named that does not owe it; ``Refusal`` where nobody does.
    func candidates(for want: Want, on names: [String], among roster: MemberRoster) throws -> [NodeID] {
        let named = try roster.candidates(on: names, except: read { $0.id })
        guard let obligation = want.means?.redemption else { return named }
        let debtor = try debtor(of: obligation)
        if !names.isEmpty, let index = named.firstIndex(where: { $0 != debtor }) {
            let name = roster.name(of: debtor)
            throw RPCError(
                code: .invalidArgument,
                message:
                    "--on \(names[index]): \(name) owes \(obligation), and nobody else; leave --on out, or --redeem")
        }
        return [debtor]
    }

    /// Who owes something in kind to this node.
    private func debtor(of id: ObligationID) throws(Refusal) -> NodeID {
        let (known, own) = read { ($0.obligations[id], $0.id) }
        guard let known, known.creditor == own else {
            throw Refusal(
                term: "obligation",
                reason: "nobody owes obligation \(id) to this node: 'surplus obligation list' shows those there are")
        }
        return known.debtor
    }
}

extension MemberRoster {
    /// The peers to ask for a lease: those named, or everyone active, those that could be reached lately first.
    func candidates(on names: [String], except own: NodeID) throws -> [NodeID] {
        guard names.isEmpty else {
            return try names.map { name in
                let member = try peer(name, of: own)
                guard member.status == .active else {
                    throw IdentityError("'\(name)' \(member.status.story): see 'surplus nodes'", isUsage: true)
                }
                return member.node
            }
        }
        let others = members.filter { $0.status == .active && $0.node != own }.map(\.node).shuffled()
        return others.filter(isReachable) + others.filter { !isReachable($0) }
    }
}
