import GRPCCore
import Identity
import Resources
import Testing
import Wire

@testable import Agent

@Suite("The job host")
struct JobHostTests {
    /// A host without a warden, on the lender's engine.
    private func host(_ pair: TestPair) throws -> JobHost {
        var configuration = pair.house.configuration
        configuration.warden = .none
        let house = Household(
            configuration: configuration, capacity: pair.house.capacity, store: pair.lending.store,
            story: ChangeFeed(), policy: pair.house.policy, identities: pair.house.identities,
            clock: pair.house.clock, log: pair.house.log)
        return JobHost(house: house, engine: pair.lending, guests: GuestKeeper(house: house, engine: pair.lending))
    }

    private func hosted(_ borrower: NodeID) -> HostedJob {
        HostedJob(
            id: JobFixture.newID(), lease: JobFixture.newID(), borrower: borrower, user: "ada", order: JobOrder(program: "sort"),
            directory: "/nowhere", startedAt: JobFixture.at)
    }

    @Test("A peer finds its own jobs only, and local users none but the owner")
    func rights() async throws {
        let pair = try await TestPair()
        let host = try host(pair)
        let (peer, other): (NodeID, NodeID) = (JobFixture.newID(), JobFixture.newID())
        let job = hosted(peer)
        try await host.jobs.add(job)
        #expect(try host.find(job.id.description, for: peer) == job)
        let error = #expect(throws: RPCError.self) { try host.find(job.id.description, for: other) }
        #expect(error?.code == .notFound)
        let refused = await #expect(throws: RPCError.self) {
            try await host.discard(.with { $0.job = job.id.description }, for: other)
        }
        #expect(refused?.code == .notFound)
        #expect(try await host.list(all: true, by: JobFixture.user(4711)).isEmpty)
        #expect(try await host.list(all: true, by: JobFixture.user(0, .owner)).map(\.job) == [job.id.description])
        await pair.stop()
    }

    @Test("A lease is good for its borrower, while it lasts")
    func leases() async throws {
        let pair = try await TestPair()
        let host = try host(pair)
        let tenancy = JobTenancy(engine: pair.engine, requests: pair.requests, roster: pair.roster)
        let want = JobFixture.want
        let lease = try await tenancy.borrow(want, from: [pair.lenderID])
        let borrower = pair.engine.read { $0.id }
        try await host.checkLease(lease, of: borrower)
        let stranger = await #expect(throws: RPCError.self) { try await host.checkLease(lease, of: JobFixture.newID()) }
        #expect(stranger?.code == .permissionDenied)
        pair.lending.handle(.reclaim(lease, atOnce: true, reason: "the owner is back"))
        let ended = await #expect(throws: RPCError.self) { try await host.checkLease(lease, of: borrower) }
        #expect(ended?.code == .failedPrecondition)
        let end = try #require(await tenancy.end(of: lease, meantFor: nil))
        #expect(end.isLenders && end.reason.contains("the owner is back"))
        await pair.stop()
    }

    @Test("A node without a warden says that it runs no jobs, as something that will not pass")
    func noWarden() async throws {
        let pair = try await TestPair()
        let host = try host(pair)
        let error = await #expect(throws: RPCError.self) {
            try await host.start(Surplus_V1_StartJobRequest(), for: JobFixture.newID())
        }
        #expect(error?.isPassing == false)
        await pair.stop()
    }

    @Test("A lease that comes when nobody waits for it any more is given back")
    func lateLease() async throws {
        let pair = try await TestPair()
        let tenancy = JobTenancy(engine: pair.engine, requests: pair.requests, roster: pair.roster)
        let task = Task { try await tenancy.borrow(JobFixture.want, from: [pair.lenderID]) }
        for await _ in pair.engine.announcements() where pair.engine.read({ !$0.requests.isEmpty || !$0.leases.isEmpty }) {
            break
        }
        task.cancel()
        switch await task.result {
        case .success(let lease): pair.engine.handle(.release(lease))
        case .failure(let error): #expect(error is CancellationError)
        }
        // Whatever was decided when, no lease stays open.
        for await _ in pair.lending.announcements() {
            let leases = pair.lending.read { $0.leases.values.map(\.lease) }
            if !leases.isEmpty, leases.allSatisfy({ !$0.isOpen }) { break }
        }
        #expect(pair.engine.read { $0.leases.values.allSatisfy { !$0.lease.isOpen } })
        await pair.stop()
    }
}
