import Configuration
import GRPCCore
import Glibc
import Identity
import LedgerStore
import Logging
import Resources
import Synchronization
import Testing
import Wire

@testable import Agent

@Suite("Rights")
struct RightsTests {
    // MARK: The table

    @Test("Every call of the control API has a row in the table of rights, and every row is a call")
    func table() {
        let calls = Set(Surplus_V1_Control.Method.descriptors)
        #expect(calls.subtracting(Right.needed.keys).map(\.method).sorted() == [], "give each a row in Right.needed")
        #expect(Set(Right.needed.keys).subtracting(calls).map(\.method).sorted() == [])
    }

    @Test("Each role may do what those before it may, and more; the owner everything")
    func roles() {
        for (lower, higher) in zip(Role.allCases, Role.allCases.dropFirst()) {
            #expect(lower < higher)
            #expect(lower.rights.isStrictSubset(of: higher.rights))
        }
        #expect(Role.owner.rights == Set(Right.allCases))
        #expect(!Role.borrower.rights.contains(.audit), "who changed what is not everybody's business")
    }

    @Test("A refusal names the missing right, the role and the remedy", arguments: Right.allCases, Role.allCases)
    func refusal(_ right: Right, _ role: Role) {
        let user = JobFixture.user(4711, role)
        guard !role.rights.contains(right) else {
            #expect(throws: Never.self) { try user.check(right) }
            return
        }
        let error = #expect(throws: RPCError.self) { try user.check(right) }
        #expect(error?.code == .permissionDenied)
        #expect(error?.message.hasPrefix("user4711 has the role \(role), which lacks the right '\(right)': ") == true)
        #expect(error?.message.hasSuffix(right.remedy) == true)
    }

    // MARK: Local users

    private func role(_ uid: UInt32, _ roles: [LocalRights.Principal: Role]) -> Role? {
        LocalRoles(rights: LocalRights(roles: roles)).user(LocalCaller(uid: uid, gid: 54_321, pid: 1))?.role
    }

    @Test("Root and the agent's own user own the node whatever the configuration says")
    func owners() {
        for uid in [0, geteuid()] { #expect(role(uid, [.everyone: .viewer, .user(String(uid)): .viewer]) == .owner) }
    }

    @Test("What is said of a user goes before what is said of a group, that before everyone; by name or number")
    func precedence() {
        // no such user and group, so that only numbers can be meant
        let uid: UInt32 = 54_320
        #expect(role(uid, [:]) == nil)
        #expect(role(uid, LocalRights().roles) == .borrower)
        #expect(role(uid, [.everyone: .borrower, .group("54321"): .viewer]) == .viewer)
        #expect(role(uid, [.everyone: .borrower, .group("54321"): .viewer, .user("54320"): .operator]) == .operator)
        #expect(role(uid, [.group("54322"): .operator]) == nil)
        #expect(role(65_534, [.user("nobody"): .operator]) == .operator)
        #expect(role(65_534, [.everyone: .borrower, .group("nogroup"): .viewer]) == .viewer, "also by the groups of the user")
    }

    @Test("Names in the configuration that this machine does not know are found")
    func strangers() {
        let roles: [LocalRights.Principal: Role] = [
            .user("root"): .owner, .user("no-such-user"): .viewer, .user("54320"): .viewer, .group("nogroup"): .viewer,
            .group("no-such-group"): .viewer, .poolUser("anna"): .viewer, .everyone: .viewer,
        ]
        #expect(LocalRoles(rights: LocalRights(roles: roles)).strangers == ["%no-such-group", "no-such-user"])
    }

    // MARK: Calls

    /// One request about a lease.
    private static var messages: RPCAsyncSequence<Surplus_V1_LeaseRef, any Error> {
        RPCAsyncSequence(
            wrapping: AsyncThrowingStream<Surplus_V1_LeaseRef, any Error> { continuation in
                continuation.yield(.with { $0.lease = "lse_1" })
                continuation.finish()
            })
    }

    /// What becomes of a call of `method` by `caller`, and of the audit log.
    private func outcome(
        of method: MethodDescriptor, by caller: Caller, roles: [LocalRights.Principal: Role] = LocalRights().roles,
        roster: MemberRoster? = nil, handler: @escaping @Sendable (CallingUser) throws -> Void = { _ in }
    ) async throws -> (error: RPCError?, entries: [AuditEntry], atStart: [AuditEntry]) {
        let scratch = try ScratchDirectory()
        let store = try AuditStore(path: scratch.path + "/audit.sqlite")
        defer { store.close() }
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let guarding = RightsGuard(
            roles: LocalRoles(rights: LocalRights(roles: roles)),
            trail: AuditTrail(store: store, clock: { JobFixture.at }, log: log), roster: { roster })
        let atStart = Mutex<[AuditEntry]>([])
        let error = await withServerContextRPCCancellationHandle { handle -> RPCError? in
            var context = ServerContext(
                descriptor: method, remotePeer: "ipv4:10.0.0.7:41912", localPeer: "ipv4:10.0.0.1:7800", cancellation: handle)
            context.caller = caller
            let request = StreamingServerRequest<Surplus_V1_LeaseRef>(
                metadata: [:], messages: Self.messages)
            do {
                let response: StreamingServerResponse<Surplus_V1_LeaseInfo> = try await guarding.intercept(
                    request: request, context: context
                ) { request, context in
                    for try await _ in request.messages {}
                    let entries = try await store.last(10, since: JobFixture.at)
                    atStart.withLock { $0 = entries.map(\.entry) }
                    try handler(try context.callingUser())
                    return StreamingServerResponse(single: ServerResponse(message: .init()))
                }
                _ = try response.accepted.get()
                return nil
            } catch { return error as? RPCError ?? RPCError(code: .unknown, message: "\(error)") }
        }
        let entries = try await store.last(10, since: JobFixture.at).map(\.entry)
        return (error, entries, atStart.withLock { $0 })
    }

    private let release = Surplus_V1_Control.Method.ReleaseLease.descriptor
    private let stranger = Caller.local(LocalCaller(uid: 54_320, gid: 54_321, pid: 7))

    @Test("A call that would change something is on record before it can, and its outcome before it is answered")
    func recorded() async throws {
        let (error, entries, atStart) = try await outcome(of: release, by: stranger)
        #expect(error == nil)
        let begun = AuditEntry(
            at: JobFixture.at, user: "54320", role: "borrower", origin: "uid 54320, pid 7", method: "ReleaseLease",
            object: "lse_1", outcome: .begun)
        var done = begun
        done.outcome = .done
        #expect(atStart == [begun])
        #expect(entries == [done])
    }

    @Test("What a lease was asked for is on record in the words that are used elsewhere")
    func auditedLease() {
        let request = Surplus_V1_LeaseRequest.with {
            ($0.amounts.cpuMillicores, $0.amounts.memoryBytes) = (100, 64 << 20)
            $0.on = ["node2"]
        }
        #expect(request.auditedObject == "0.1 cores, 64 MiB on node2")
    }

    @Test("What was done with a dispute or an obligation, and whose ledger was compared, is on record with its id")
    func auditedObjects() {
        let disputed = Surplus_V1_OpenDisputeRequest.with { ($0.receipt, $0.amountMicrocredits) = ("rct_1", 250_000) }
        #expect(disputed.auditedObject == "rct_1: disputed, 0.25 credits")
        #expect(Surplus_V1_ResolveDisputeRequest.with { $0.dispute = "dsp_1" }.auditedObject == "dsp_1: accepted")
        let withdrawn = Surplus_V1_ResolveDisputeRequest.with { ($0.dispute, $0.withdraw) = ("dsp_1", true) }
        #expect(withdrawn.auditedObject == "dsp_1: withdrawn")
        func adjusted(_ wish: Surplus_V1_AdjustObligationRequest.OneOf_Wish) -> String {
            Surplus_V1_AdjustObligationRequest.with { ($0.obligation, $0.wish) = ("obl_1", wish) }.auditedObject
        }
        #expect(adjusted(.cancel(.init())) == "obl_1: cancelled")
        #expect(adjusted(.cancel(.with { $0.cpuCoreMicroseconds = 1_500_000 })) == "obl_1: cancelled, 1.5 core-s in kind")
        #expect(adjusted(.postponeUntil(1_795_803_223_000_000)) == "obl_1: postponed to 2026-11-27T18:13:43Z")
        #expect(adjusted(.offsetAgainst("best")) == "obl_1: offset")
        #expect(adjusted(.offsetAgainst("obl_2")) == "obl_1: offset against obl_2")
        #expect(Surplus_V1_ReconcileLedgerRequest.with { $0.peer = "node2" }.auditedObject == "node2")
        #expect(Surplus_V1_ReconcileLedgerRequest().auditedObject == "all peers")
    }

    @Test("A call that only looks leaves no record")
    func looking() async throws {
        let (error, entries, _) = try await outcome(of: Surplus_V1_Control.Method.GetLease.descriptor, by: stranger)
        #expect(error == nil)
        #expect(entries.isEmpty)
    }

    @Test("A call without the right is refused before its handler, and on record with what it was about")
    func refused() async throws {
        let (error, entries, atStart) = try await outcome(
            of: release, by: stranger, roles: [.everyone: .viewer], handler: { _ in Issue.record("it was called") })
        #expect(error?.code == .permissionDenied)
        #expect(error?.message.contains("54320 has the role viewer, which lacks the right 'borrow'") == true)
        #expect(atStart.isEmpty)
        #expect(entries.map(\.outcome) == [.refused])
        #expect(entries.first?.object == "lse_1")
        #expect(entries.first?.reason == error?.message)
    }

    @Test("A failure is on record with its reason, and a handler's refusal as one")
    func failed() async throws {
        for (code, outcome) in [(RPCError.Code.notFound, AuditEntry.Outcome.failed), (.permissionDenied, .refused)] {
            let (error, entries, _) = try await self.outcome(
                of: release, by: stranger, handler: { _ in throw RPCError(code: code, message: "no such lease") })
            #expect(error?.code == code)
            #expect(entries.map(\.outcome) == [outcome])
            #expect(entries.map(\.reason) == ["no such lease"])
        }
    }

    @Test("Work on several things of which one was refused is on record as failed, with why")
    func refusedStep() async throws {
        let scratch = try ScratchDirectory()
        let store = try AuditStore(path: scratch.path + "/audit.sqlite")
        defer { store.close() }
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let trail = AuditTrail(store: store, clock: { JobFixture.at }, log: log)
        func outcomes(_ refusals: [String?], isLeft: Bool = false) async throws -> [AuditEntry] {
            let call = AuditTrail.Call(user: JobFixture.user(1), method: "EvacuateVolume")
            let request = StreamingServerRequest<Surplus_V1_LeaseRef>(metadata: [:], messages: Self.messages)
            let response = try await trail.follow(call, request) { request in
                for try await _ in request.messages {}
                return StreamingServerResponse<Surplus_V1_VolumeStep> { writer in
                    for reason in refusals {
                        try await writer.write(
                            .with { step in
                                step.name = "media"
                                step.outcome = .with { if let reason { $0.refusal = .with { $0.reason = reason } } }
                            })
                    }
                    if isLeft { throw CancellationError() }
                    return [:]
                }
            }
            _ = try? await response.accepted.get().producer(RPCWriter(wrapping: Unheard()))
            return try await store.last(10, since: JobFixture.at).map(\.entry)
        }
        let done = try await outcomes([nil, nil])
        #expect(done.map(\.outcome) == [.done])
        let refused = try #require(try await outcomes([nil, "no room", nil]).first { $0.outcome != .done })
        #expect(refused.outcome == .failed && refused.reason == "media: no room")
        let left = try await outcomes(["gone"], isLeft: true)
        #expect(left.contains { $0.outcome == .failed && $0.reason == "media: gone" }, "who stops watching has seen it")
        #expect(try await outcomes([nil], isLeft: true).filter { $0.outcome == .done }.count == 2)
    }

    private struct Unheard: RPCWriterProtocol {
        func write(_ element: Surplus_V1_VolumeStep) async throws {}
        func write(contentsOf elements: some Sequence<Surplus_V1_VolumeStep>) async throws {}
    }

    @Test("Who has no role on the node is refused everything, and nobody may call what has no row")
    func nobody() async throws {
        let look = Surplus_V1_Control.Method.GetStatus.descriptor
        let (error, _, _) = try await outcome(of: look, by: stranger, roles: [:])
        #expect(error?.code == .permissionDenied)
        #expect(error?.message.contains("lacks the right 'look'") == true)
        let unknown = MethodDescriptor(fullyQualifiedService: "surplus.v1.Control", method: "Unheard")
        let root = Caller.local(LocalCaller(uid: 0, gid: 0, pid: 1))
        #expect(try await outcome(of: unknown, by: root).error?.code == .permissionDenied)
        for caller in [Caller.stranger, .refused("it expired")] {
            #expect(try await outcome(of: look, by: caller).error?.code == .unauthenticated)
        }
    }

    @Test("A user of the pool has the role of its record, unless this node's owner gave it another")
    func poolUsers() async throws {
        let now = JobFixture.at
        let founding = try PoolFounding(
            pool: JobFixture.newID(), name: "lab", node: JobFixture.newID(), nodeName: "one", address: "127.0.0.1:1", at: now)
        let roster = MemberRoster(Roster(verifier: founding.identity.verifier))
        let user = PoolUser(
            pool: founding.authority.pool, user: JobFixture.newID(), name: "anna", role: .viewer,
            key: Digest([UInt8](repeating: 1, count: 32)), expiresAt: now + .days(1), at: now)
        let caller = Caller.user(AuthenticatedUser(user: user.user, key: user.key, expiresAt: user.expiresAt))
        #expect(try await outcome(of: release, by: caller, roster: roster).error?.code == .unauthenticated, "not known yet")
        _ = try roster.merge(user: try founding.issuing.sign(user))

        let refused = try await outcome(of: release, by: caller, roster: roster)
        #expect(refused.error?.message.contains("anna@pool has the role viewer") == true)
        #expect(refused.entries.map(\.user) == ["anna@pool"])
        #expect(refused.entries.map(\.origin) == ["10.0.0.7:41912"])
        let raised = try await outcome(
            of: Surplus_V1_Control.Method.ReclaimLease.descriptor, by: caller, roles: [.poolUser("anna"): .owner], roster: roster)
        #expect(raised.error == nil)
        #expect(raised.entries.map(\.role) == ["owner"])

        _ = try roster.merge(user: try founding.issuing.sign(user.changed(at: now) { $0.role = nil }))
        let roleless = try await outcome(of: release, by: caller, roster: roster)
        #expect(roleless.error?.message.contains("has no role") == true)
    }

    @Test("A node may only do what people do when it operates the pool")
    func nodes() async throws {
        let now = JobFixture.at
        let founding = try PoolFounding(
            pool: JobFixture.newID(), name: "lab", node: JobFixture.newID(), nodeName: "one", address: "127.0.0.1:1", at: now)
        let roster = MemberRoster(Roster(verifier: founding.identity.verifier))
        _ = try roster.merge(founding.record)
        let node = founding.identity.node
        let caller = Caller.peer(AuthenticatedPeer(node: node, issuer: node, issuedAt: now, expiresAt: now + .hours(1)))
        let refused = try await outcome(of: release, by: caller, roster: roster)
        #expect(refused.error?.code == .permissionDenied)
        #expect(refused.error?.message.contains("lacks the right 'operate'") == true)
        let member = try #require(roster[node])
        _ = try roster.merge(try founding.issuing.sign(member.changed(at: now) { $0.access = .operator }))
        let operating = try await outcome(of: release, by: caller, roster: roster)
        #expect(operating.error == nil)
        #expect(operating.entries.map(\.user) == ["one@node"])
    }

    @Test("When the record cannot be written, nothing is changed")
    func unwritable() async throws {
        let scratch = try ScratchDirectory()
        let store = try AuditStore(path: scratch.path + "/audit.sqlite")
        store.close()
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let trail = AuditTrail(store: store, clock: { JobFixture.at }, log: log)
        let request = StreamingServerRequest<Surplus_V1_LeaseRef>(
            metadata: [:], messages: Self.messages)
        let call = AuditTrail.Call(user: JobFixture.user(1), method: "ReleaseLease")
        let error = await #expect(throws: RPCError.self) {
            _ = try await trail.follow(call, request) { request -> StreamingServerResponse<Surplus_V1_LeaseInfo> in
                for try await _ in request.messages { Issue.record("the handler got the message") }
                return StreamingServerResponse(single: ServerResponse(message: .init()))
            }
        }
        #expect(error?.message.contains("nothing is changed without a record") == true)
    }
}
