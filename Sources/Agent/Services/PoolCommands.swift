import Bookkeeping
import GRPCCore
import Identity
import Resources
import Wire

// What operators do with the members of the pool.

extension PoolMembership {
    func createToken(_ request: Surplus_V1_CreateTokenRequest) async throws -> Surplus_V1_CreateTokenReply {
        let span =
            request.validMicroseconds == 0
            ? EnrolmentToken.lifetime : try Field.term(request.validMicroseconds, "valid_microseconds")
        guard span <= EnrolmentToken.longestLifetime else {
            throw FieldError("valid", "is \(span.text), at most \(EnrolmentToken.longestLifetime.text) are allowed")
        }
        let identity = gate.current
        let address = roster[identity.node]?.address ?? house.configuration.advertise.description
        let token = try await issuer.createToken(valid: span, pool: identity.pool, root: identity.root, addresses: [address])
        return .with {
            $0.token = token.text
            $0.id = token.id.description
            $0.expiresAt = token.expiresAt.microseconds
            $0.address = address
        }
    }

    /// Expels a node; every peer that can be reached knows on return.
    func revoke(_ name: String) async throws -> Surplus_V1_RevokeReply {
        let member = try roster.find(name)
        guard member.node != own else {
            throw IdentityError("'\(name)' is this node itself: 'surplus pool leave' leaves the pool")
        }
        guard member.status != .revoked else { throw IdentityError("'\(name)' \(member.status.story) already") }
        let record = try await issuer.state(member.node) { $0.status = .revoked }
        let (told, unreachable) = await sync.announce(record)
        return .with {
            $0.member = info(of: roster[member.node] ?? member)
            $0.told = Int32(told)
            $0.unreachable = Int32(unreachable)
        }
    }

    func grantIssuer(_ name: String) async throws -> Surplus_V1_MemberInfo {
        let member = try roster.find(name)
        guard member.status == .active else { throw IdentityError("'\(name)' \(member.status.story)") }
        let record = try await issuer.state(member.node) { $0.roles.insert(.issuer) }
        _ = await sync.announce(record)
        return info(of: roster[member.node] ?? member)
    }

    // MARK: Members

    var memberInfos: [Surplus_V1_MemberInfo] {
        roster.members.sorted { ($0.name, $0.node) < ($1.name, $1.node) }.map(info)
    }

    func info(of member: Member) -> Surplus_V1_MemberInfo {
        let isSelf = member.node == own
        return .with {
            $0.node = member.node.description
            $0.name = member.name
            $0.address = member.address
            $0.roles = member.roleNames
            $0.status = member.status.rawValue
            $0.isSelf = isSelf
            $0.reachable = isSelf || (member.status == .active && roster.isReachable(member.node))
            $0.lastSeen = isSelf ? house.clock().utc.microseconds : roster.lastSeen(member.node)?.microseconds ?? 0
            $0.version = isSelf ? "surplus \(Software.version)" : roster.version(of: member.node) ?? ""
        }
    }

    func name(of node: NodeID) -> String { roster.name(of: node) }
}

extension Surplus_V1_PoolReply {
    init(_ identity: NodeIdentity) {
        self = .with {
            $0.pool = identity.pool.description
            $0.poolName = identity.poolName
            $0.node = identity.node.description
            $0.name = identity.name
        }
    }
}
