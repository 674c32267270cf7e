import Bookkeeping
import Configuration
import GRPCCore
import Identity
import Kernel
import LedgerStore
import Logging
import Node
import Policy
import Resources
import Synchronization
import TestKit
import Trading
import Wire

@testable import Agent

/// A borrower's parts and a lender they reach: both decide and record for real and speak over mutual TLS. Only what runs on
/// the lender is played, by a ``PlayedLender``.
final class TestPair: Sendable {
    let scratch: ScratchDirectory
    let lender: PlayedLender
    let lenderID: NodeID
    let lending: Engine
    let house: Household
    let engine: Engine
    let requests: LeaseRequests
    let roster: MemberRoster
    let peers: PeerCaller
    private let serving: Task<Void, any Error>

    init() async throws {
        scratch = try ScratchDirectory()
        let clock = try SystemClock()
        let now = clock.now().utc
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let founding = try PoolFounding(
            pool: JobFixture.newID(), name: "lab", node: JobFixture.newID(), nodeName: "borrower", address: "127.0.0.1:1", at: now
        )
        let lenderIdentity = try Self.member(named: "lender", of: founding, at: now)
        lenderID = lenderIdentity.node
        lender = PlayedLender()

        let lenderRoster = MemberRoster(Roster(verifier: founding.identity.verifier))
        _ = try lenderRoster.merge(founding.record)
        let listener = try PeerListener(
            on: Endpoint(host: "127.0.0.1", port: 0),
            gatekeeper: Gate(identity: lenderIdentity, roster: lenderRoster, clock: { clock.now().utc }), services: [lender],
            log: log)
        serving = Task { try await listener.run() }
        let address = await listener.endpoint.map(\.description) ?? ""

        roster = MemberRoster(Roster(verifier: founding.identity.verifier))
        _ = try roster.merge(founding.record)
        _ = try roster.merge(
            try founding.issuing.sign(
                Member(
                    pool: founding.authority.pool, node: lenderID, name: "lender", address: address,
                    receiptKeys: [lenderIdentity.keys.receiptPublicKey], at: now)))

        var configuration = try AgentConfiguration()
        configuration.dataDirectory = scratch.path + "/borrower"
        let capacity = Amounts(cpu: .cores(4), memory: .gibibytes(4))
        let story = ChangeFeed()
        let store = try LedgerStore(directory: configuration.dataDirectory + "/ledger", onEvents: story.notify)
        house = Household(
            configuration: configuration, capacity: capacity, store: store, story: story,
            policy: try PolicyDesk.open(configuration.policy, in: store).desk,
            identities: IdentityStore(dataDirectory: configuration.dataDirectory), clock: { clock.now() }, log: log)

        let wiring = Wiring()
        let (borrowerID, lenderNode) = (founding.identity.node, lenderIdentity.node)
        engine = try Engine(
            id: borrowerID, capacity: capacity, policy: try PolicyFile.shipped(.closed).policy, store: house.store,
            notary: PlainNotary(node: borrowerID), clock: { clock.now() }, log: log,
            perform: { wiring.performBorrowing($0, as: borrowerID) })
        lending = try Engine(
            id: lenderNode, capacity: capacity, policy: Self.generous,
            store: try LedgerStore(directory: scratch.path + "/lender"), notary: PlainNotary(node: lenderNode),
            clock: { clock.now() }, log: log, perform: { wiring.performLending($0, as: lenderNode) })
        requests = LeaseRequests(engine: engine)
        wiring.connect(borrower: engine, lender: lending, requests: requests)
        lending.handle(.lending(nil))
        peers = PeerCaller(
            clients: PeerClients(
                gatekeeper: Gate(identity: founding.identity, roster: roster, clock: { clock.now().utc })), roster: roster,
            clock: { clock.now().utc }, onReturn: { _ in })
    }

    /// A desk on what is on disk: another one stands for the agent after a restart.
    func desk() -> JobDesk {
        JobDesk(
            house: house, engine: engine, requests: requests, peers: peers, roster: roster, hosted: HostedJobs(store: house.store)
        )
    }

    /// Does `body` while `desk` runs.
    func running<Value: Sendable>(_ desk: JobDesk, _ body: @Sendable @escaping () async throws -> Value) async throws -> Value {
        let running = Task { await desk.run() }
        let result = await Result { try await body() }
        running.cancel()
        await running.value
        return try result.get()
    }

    func stop() async {
        await peers.shutDown()
        serving.cancel()
        _ = await serving.result
        house.store.close()
        lending.store.close()
    }

    private static func member(named name: String, of founding: PoolFounding, at now: Timestamp) throws -> NodeIdentity {
        let keys = NodeKeys()
        let chain = try founding.issuing.certify(JobFixture.newID(), name: name, request: try keys.request(), at: now)
        return try NodeIdentity(keys: keys, chain: chain, root: try founding.authority.root)
    }

    private static let generous = LendingPolicy(
        name: "generous", cpu: ResourceRule(threshold: .whole, share: .whole, price: .zero),
        memory: ResourceRule(threshold: .whole, share: .whole, price: .zero))
}

/// Carries what both engines do to each other, and plays the warden.
private final class Wiring: Sendable {
    private struct Parts: Sendable {
        let borrower: Engine
        let lender: Engine
        let requests: LeaseRequests
    }

    private let parts = Mutex<Parts?>(nil)

    func connect(borrower: Engine, lender: Engine, requests: LeaseRequests) {
        parts.withLock { $0 = Parts(borrower: borrower, lender: lender, requests: requests) }
    }

    func performBorrowing(_ action: NodeAction, as own: NodeID) {
        guard let parts = parts.withLock({ $0 }) else { return }
        switch action {
        case .send(_, let message): parts.lender.handle(.message(from: own, message))
        case .decided(let request, let result): parts.requests.decided(request, result)
        case .renewed(let lease, let refusal): parts.requests.renewed(lease, refusal)
        case .adjusted(let obligation, let refusal): parts.requests.adjusted(obligation, refusal)
        case .disputeDecided(let dispute, let refusal): parts.requests.decided(dispute, refusal)
        case .changed(let lease): parts.requests.changed(lease)
        case .openGuest, .changeGuest, .closeGuest, .openStore, .closeStore, .netting, .readHistory, .recall, .reconciliation:
            break
        }
    }

    func performLending(_ action: NodeAction, as own: NodeID) {
        guard let parts = parts.withLock({ $0 }) else { return }
        switch action {
        case .send(_, let message): parts.borrower.handle(.message(from: own, message))
        case .openGuest(let lease, _, _): parts.lender.handle(.guestOpened(lease))
        case .closeGuest(let lease): parts.lender.handle(.guestClosed(lease, MeterReading(lease: lease, usage: .zero)))
        case .openStore(let lease, _, _): parts.lender.handle(.storeOpened(lease))
        case .closeStore(let lease): parts.lender.handle(.storeClosed(lease))
        case .changeGuest, .decided, .renewed, .adjusted, .disputeDecided, .changed, .netting, .readHistory, .recall,
            .reconciliation:
            break
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
