import GRPCCore
import Identity
import Resources
import Wire

/// Calls peers by their id: finds their address in the roster and notes who could be reached.
final class PeerCaller: Sendable {
    typealias Client = PeerClients.Client

    private let clients: PeerClients
    private let roster: MemberRoster
    private let clock: @Sendable () -> Timestamp
    /// Told when a peer answers that could not be reached before.
    private let onReturn: @Sendable (NodeID) -> Void

    init(
        clients: PeerClients, roster: MemberRoster, clock: @escaping @Sendable () -> Timestamp,
        onReturn: @escaping @Sendable (NodeID) -> Void
    ) {
        self.clients = clients
        self.roster = roster
        self.clock = clock
        self.onReturn = onReturn
    }

    func call<Value: Sendable>(_ peer: NodeID, _ body: (Client) async throws -> Value) async throws -> Value {
        guard let member = roster[peer], member.status == .active else {
            throw RPCError(code: .failedPrecondition, message: "\(peer) is not an active member of the pool")
        }
        guard let endpoint = Endpoint(member.address) else {
            throw RPCError(code: .unavailable, message: "\(member.name) has no usable address: '\(member.address)'")
        }
        let client = try await clients.client(of: peer, at: endpoint)
        do {
            let value = try await body(client)
            saw(peer)
            roster.note(nil, from: peer)
            return value
        } catch {
            if let error = error as? RPCError, error.isAnswer { saw(peer) } else { roster.lost(peer) }
            if let error = error as? RPCError, error.code == .unauthenticated { roster.note(error.message, from: peer) }
            throw error
        }
    }

    /// Whether a peer has a feature, as far as it was greeted yet.
    func mayHave(_ feature: Feature, _ peer: NodeID) -> Bool { roster.features(of: peer)?.contains(feature.rawValue) ?? true }

    /// Whether a peer has said that it has a feature.
    func has(_ feature: Feature, _ peer: NodeID) -> Bool { roster.features(of: peer)?.contains(feature.rawValue) ?? false }

    /// Notes that a peer was heard of.
    func saw(_ peer: NodeID, version: String? = nil) {
        if roster.saw(peer, version: version, at: clock()) { onReturn(peer) }
    }

    /// Notes what a peer said when it was greeted.
    func saw(_ peer: NodeID, saying hello: Surplus_V1_PeerHello) throws(FieldError) {
        try Field.count(hello.features, atMost: Feature.most, "features")
        var features: Set<String> = []
        for feature in hello.features { features.insert(try Field.text(feature, atMost: 64, "features")) }
        let domain = try Field.text(hello.failureDomain, atMost: 63, "failure_domain")
        roster.note(features: features, of: peer)
        roster.note(domain: domain.isEmpty ? nil : domain, of: peer)
        saw(peer, version: try Field.text(hello.software, atMost: 64, "software"))
    }

    func close(_ peer: NodeID) async { await clients.close(peer) }
    func shutDown() async { await clients.shutDown() }
}

extension RPCError {
    /// Whether the other side gave this error, as opposed to there being no other side.
    var isAnswer: Bool { code != .unavailable && code != .deadlineExceeded && code != .cancelled && code != .unknown }
}
