import GRPCCore
import Identity
import Resources
import Wire

/// Joins a pool with a token.
struct Joining: Sendable {
    let house: Household

    struct Known: Sendable {
        let node: NodeID
        let record: MemberRecord
    }

    /// Asks the issuing node at `address` to take this node in.
    func join(address: String, token: EnrolmentToken) async throws -> (NodeIdentity, [Known]) {
        guard house.clock().utc < token.expiresAt else {
            throw IdentityError("the token expired at \(token.expiresAt.text): ask for another one ('surplus pool token create')")
        }
        guard let endpoint = Endpoint(address) else {
            throw IdentityError("'\(address)' is no address: write host:port, such as \(token.addresses.first ?? "blade1:7800")")
        }
        let keys = NodeKeys()
        let csr = try keys.request()
        let request = Surplus_V1_EnrolRequest.with {
            $0.token = token.id.description
            $0.proof = .init(token.proof(for: csr))
            $0.certificateRequest = .init(csr.bytes)
            $0.receiptKey = .init(keys.receiptPublicKey)
            $0.name = house.configuration.name
            $0.address = house.configuration.advertise.description
        }
        let reply = try await ask(endpoint, request, token)
        guard token.matches(root: Array(reply.root)) else {
            throw IdentityError("\(address) answered for another pool than the token's")
        }
        try Field.count(reply.chain, atMost: 2, "chain")
        try Field.count(reply.members, atMost: Roster.capacity, "members")
        let identity = try NodeIdentity(keys: keys, chain: reply.chain.map(Array.init), root: Array(reply.root))
        var roster = Roster(verifier: identity.verifier)
        var known: [Known] = []
        for wire in reply.members {
            let record = try MemberRecord(wire)
            if try roster.merge(record), let member = try? Member(document: record.document) {
                known.append(Known(node: member.node, record: record))
            }
        }
        return (identity, known)
    }

    /// The same request is sent again when its answer is lost: the issuer knows it.
    private func ask(
        _ endpoint: Endpoint, _ request: Surplus_V1_EnrolRequest, _ token: EnrolmentToken
    ) async throws -> Surplus_V1_EnrolReply {
        var attempt = 1
        while true {
            do {
                return try await EnrolmentClient().enrol(request, at: endpoint) { chain in
                    guard let root = chain.last, token.matches(root: root) else {
                        throw IdentityError(
                            "the node at \(endpoint) is not of the token's pool: use the address that came with the token")
                    }
                }
            } catch {
                let isLost = (error as? RPCError).map { !$0.isAnswer } ?? false
                guard isLost, attempt < 3 else { throw error }
                attempt += 1
                try await Task.sleep(for: .milliseconds(300 * attempt))
            }
        }
    }
}

/// Tells the pool that this node leaves.
struct Leaving: Sendable {
    let membership: PoolMembership

    func announce() async throws {
        let own = membership.own
        // Who was expelled, or has left before its agent could forget, has nobody to tell.
        guard membership.roster[own]?.status == .active else { return }
        if await membership.issuer.isIssuer {
            let others = membership.roster.members.filter { $0.node != own && $0.status == .active }
            guard others.isEmpty || others.contains(where: { $0.roles.contains(.issuer) }) else {
                throw IdentityError(
                    "this is the only node that can issue certificates: grant the role to another one first ('surplus pool grant NODE'), or --force"
                )
            }
            let record = try await membership.issuer.state(own) { $0.status = .left }
            _ = await membership.sync.announce(record)
            return
        }
        var failure: any Error = IdentityError("no issuing node could be reached: try again later, or leave with --force")
        for member in membership.roster.members
        where member.status == .active && member.roles.contains(.issuer) && member.node != own {
            do {
                _ = try await membership.peers.call(member.node) { try await $0.leave(.init(), options: .within(.seconds(10))) }
                return
            } catch let error as RPCError where error.code == .unauthenticated {
                // The pool has done without this node already.
                return
            } catch { failure = error }
        }
        throw failure
    }
}
