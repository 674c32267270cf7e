import GRPCCore
import Identity
import Logging
import Resources
import Wire

/// Keeps this node's certificates fresh: its own, renewed at half of its life by any issuing node, and the issuing one when
/// it was given the role.
final class CertificateKeeper: Sendable {
    private static let interval = Duration.seconds(30)
    /// An issuing certificate is renewed this long before its end.
    private static let issuingMargin = Microseconds.days(180)

    private let gate: Gate
    private let issuer: Issuer
    private let roster: MemberRoster
    private let peers: PeerCaller
    private let identities: IdentityStore
    private let address: @Sendable () async -> String
    private let clock: @Sendable () -> Timestamp
    private let learn: @Sendable (MemberRecord) async throws -> Bool
    private let log: Logger

    init(
        gate: Gate, issuer: Issuer, roster: MemberRoster, peers: PeerCaller, identities: IdentityStore,
        address: @escaping @Sendable () async -> String, clock: @escaping @Sendable () -> Timestamp,
        learn: @escaping @Sendable (MemberRecord) async throws -> Bool, log: Logger
    ) {
        self.gate = gate
        self.issuer = issuer
        self.roster = roster
        self.peers = peers
        self.identities = identities
        self.address = address
        self.clock = clock
        self.learn = learn
        self.log = log
    }

    /// Looks every half minute and when there is news about members, until cancelled.
    func run() async {
        let (calls, call) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        await withDiscardingTaskGroup { group in
            group.addTask { for await _ in self.roster.announcements() { call.yield() } }
            group.addTask {
                while await Task.rest(for: Self.interval) { call.yield() }
                call.finish()
            }
            for await _ in calls { await look() }
        }
    }

    /// Renews what is due. What fails is tried again by ``run()``.
    func look() async {
        do {
            try await keepCertificate()
            try await keepRole()
        } catch {
            log.warning("failed to renew a certificate, trying again in 30 s", metadata: ["error": "\(error)"])
        }
    }

    private func keepCertificate() async throws {
        let identity = gate.current
        let address = await address()
        let hasMoved = roster[identity.node].map { $0.address != address } ?? false
        guard hasMoved || identity.needsRenewal(at: clock()) else { return }
        let keys = identity.renewedKeys()
        let request = try keys.request()
        let (chain, record) = try await askIssuers(request, address)
        let renewed = try NodeIdentity(keys: keys, chain: chain, root: identity.root)
        try identities.save(renewed)
        gate.renew(renewed)
        if let record { _ = try await learn(record) }
        log.info("renewed the certificate", metadata: ["until": "\(renewed.expiresAt.text)"])
    }

    private func askIssuers(_ request: CertificateRequest, _ address: String) async throws -> ([[UInt8]], MemberRecord?) {
        let own = gate.current.node
        if await issuer.isIssuer {
            let (chain, record) = try await issuer.renew(own, request: request, address: address)
            return (chain, record)
        }
        let wire = Surplus_V1_RenewRequest.with {
            $0.certificateRequest = .init(request.bytes)
            $0.address = address
        }
        let reply = try await askEachIssuer { try await $0.renewCertificate(wire, options: .within(.seconds(10))) }
        try Field.count(reply.chain, atMost: 2, "chain")
        return (reply.chain.map(Array.init), reply.hasMember ? try MemberRecord(reply.member) : nil)
    }

    /// Asks for the issuing certificate once the role was granted, and again before it ends.
    private func keepRole() async throws {
        let own = gate.current.node
        guard roster[own]?.roles.contains(.issuer) == true else { return }
        if let expires = await issuer.expiresAt, clock() + Self.issuingMargin < expires { return }
        let candidate = IssuingCandidate()
        let request = try candidate.request()
        let certificate: [UInt8]
        if await issuer.holdsRoot {
            certificate = try await issuer.authorise(own, request: request)
        } else {
            let wire = Surplus_V1_RenewRequest.with { $0.certificateRequest = .init(request.bytes) }
            let reply = try await askEachIssuer { try await $0.issueAuthority(wire, options: .within(.seconds(10))) }
            guard let first = reply.chain.first else { throw FieldError("chain", "is empty") }
            certificate = Array(first)
        }
        try await issuer.adopt(try candidate.authority(certificate: certificate))
        log.info("took up the issuing role")
    }

    private func askEachIssuer(
        _ ask: (PeerCaller.Client) async throws -> Surplus_V1_CertificateReply
    ) async throws -> Surplus_V1_CertificateReply {
        let own = gate.current.node
        var failure: any Error = IdentityError("no issuing node is known")
        for member in roster.members where member.status == .active && member.roles.contains(.issuer) && member.node != own {
            do { return try await peers.call(member.node, ask) } catch { failure = error }
        }
        throw failure
    }
}
