import Configuration
import GRPCCore
import Resources
import Wire

/// Who makes a call of the control API, and with which role.
struct CallingUser: Hashable, Sendable, ServerContext.TransportSpecific {
    enum Identity: Hashable, Sendable {
        /// A user of this machine, over the agent's socket.
        case local(LocalCaller)
        /// A user of the pool, from elsewhere.
        case user(UserID)
        /// A node of the pool that has the operator's role.
        case node(NodeID)
    }

    let identity: Identity
    /// The name as it is recorded: `anna` is a user of this machine, `anna@pool` one of the pool, `blade1@node` a node. No
    /// two of them can be the same, since names that end like the others' are not used for local users.
    let name: String
    let role: Role
    /// From where, for people: `uid 1000, pid 4242`, `10.0.0.7:41912`.
    let origin: String

    func may(_ right: Right) -> Bool { role.rights.contains(right) }

    /// Checks that the caller may do what needs `right`.
    func check(_ right: Right) throws(RPCError) {
        guard !may(right) else { return }
        throw RPCError(
            code: .permissionDenied,
            message: "\(name) has the role \(role), which lacks the right '\(right)': \(right.remedy)")
    }

    /// Whether what `user` borrowed or runs is the caller's own, or in its care.
    func sees(to user: String) -> Bool { name == user || may(.operate) }

    var isLocal: Bool { if case .local = identity { true } else { false } }

    /// The number of a local user.
    var uid: UInt32? { if case .local(let caller) = identity { caller.uid } else { nil } }

    /// The id of a user or node that calls from elsewhere.
    var remoteID: String? {
        switch identity {
        case .local: nil
        case .user(let user): user.description
        case .node(let node): node.description
        }
    }

    static let nodeSuffix = "@node"

    static func name(ofUser name: String) -> String { name + LocalRights.Principal.poolSuffix }
}

extension ServerContext {
    /// Who calls, as the ``RightsGuard`` found out.
    func callingUser() throws(RPCError) -> CallingUser {
        guard let user = transportSpecific as? CallingUser else {
            throw RPCError(code: .unauthenticated, message: "it is not known who calls")
        }
        return user
    }
}
