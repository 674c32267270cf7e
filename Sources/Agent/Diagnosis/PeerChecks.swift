import GRPCCore
import Identity
import Resources
import Wire

/// Whether this node's peers can be reached, speak its language and accept it.
struct PeerChecks {
    /// What came of asking one peer.
    enum Answer: Sendable {
        case greeted(version: String, ahead: Microseconds)
        /// It does not take this node for a member.
        case refused(String)
        case failed(String)
    }

    let answers: [(name: String, answer: Answer)]
    /// How this node would be told that the pool revoked it.
    let expulsion: String
    /// Whether the records of this node itself say so.
    var isRevoked = false

    /// Says hello to every active member, side by side.
    static func ask(_ pool: PoolMembership) async -> PeerChecks {
        let members = pool.roster.members.filter { $0.status == .active && $0.node != pool.own }
        let answers = await withTaskGroup(of: (name: String, answer: Answer).self) { group in
            for member in members {
                group.addTask { (member.name, await greet(member.node, pool)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return PeerChecks(
            answers: answers.sorted { $0.name < $1.name }, expulsion: CertificateRefusal.revoked(pool.own).description,
            isRevoked: pool.roster[pool.own]?.status == .revoked)
    }

    private static func greet(_ node: NodeID, _ pool: PoolMembership) async -> Answer {
        let clock = pool.house.clock
        let asked = clock().utc
        do {
            let reply = try await pool.peers.call(node) { [hello = pool.hello] in
                try await $0.hello(hello, options: .within(.seconds(3)))
            }
            let answered = clock().utc
            let middle = asked + (answered - asked).scaled(by: 1, over: 2)
            return .greeted(version: reply.software, ahead: Timestamp(microseconds: reply.utcMicroseconds) - middle)
        } catch let error as RPCError where error.code == .unauthenticated {
            return .refused(error.message)
        } catch {
            return .failed((error as? RPCError)?.message ?? "\(error)")
        }
    }

    /// Whose clock is how far ahead.
    var skews: [(name: String, ahead: Microseconds)] {
        answers.compactMap { name, answer in
            if case .greeted(_, let ahead) = answer { (name, ahead) } else { nil }
        }
    }

    var findings: [Finding] {
        guard !answers.isEmpty || isRevoked else { return [.note(.peers, "reachable", "this node knows no other members")] }
        return membership + answers.map(judge)
    }

    /// That this node was revoked, by its own records or by what peers say.
    private var membership: [Finding] {
        let witnesses = answers.compactMap { name, answer in
            if case .refused(let reason) = answer, reason.contains(expulsion) { name } else { nil }
        }
        guard isRevoked || !witnesses.isEmpty else { return [] }
        let source = witnesses.isEmpty ? "" : ", says \(witnesses.prefix(4).joined(separator: ", "))"
        return [
            .fault(
                .peers, "membership", "this node was revoked: it is no member of the pool any more\(source)",
                remedy: "leave with 'surplus pool leave' (with --force when leases are open or no issuing node answers), "
                    + "and join again with a new token")
        ]
    }

    private func judge(_ name: String, _ answer: Answer) -> Finding {
        switch answer {
        case .greeted(let version, _): .fine(.peers, "reachable", "\(name) answers, with \(version)")
        case .refused(let reason):
            .warning(
                .peers, "reachable", "\(name) answers, but does not accept this node: \(reason)",
                remedy: "do what it says; 'surplus status' tells whether others refuse it too")
        case .failed(let reason):
            .warning(
                .peers, "reachable", "\(name) cannot be asked: \(reason)",
                remedy: "see that its agent runs, and that its address in 'surplus nodes' leads to it through all firewalls")
        }
    }
}
