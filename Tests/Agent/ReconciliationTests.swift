import Foundation
import Node
import Resources
import Sandbox
import Testing
import Trading

@testable import Agent

@Suite("Leases and the kernel")
struct ReconciliationTests {
    private let amounts = Amounts(cpu: 500, memory: .mebibytes(64))

    /// A lease as its lender has it.
    private func lent(_ pair: TestPair) async throws -> LeaseEntry {
        let want = Want(
            amounts: amounts, term: .minutes(10), maxPrices: Prices(cpu: .credits(2), memory: .credits(1)), user: "anna")
        let leases = try await pair.requests.borrow(want, from: [pair.lenderID])
        let id = try #require(leases.first)
        return try #require(pair.lending.read { $0.leases[id] })
    }

    /// The same before the kernel has said that its resources are set aside.
    private func beingOpened(_ entry: LeaseEntry) throws -> LeaseEntry {
        var object = try #require(
            JSONSerialization.jsonObject(with: try JSONEncoder().encode(entry)) as? [String: Any])
        object["guest"] = "opening"
        return try JSONDecoder().decode(LeaseEntry.self, from: try JSONSerialization.data(withJSONObject: object))
    }

    private func held(_ lease: LeaseID, _ amounts: Amounts, remaining: Microseconds) -> LeaseState {
        LeaseState(
            lease: lease, amounts: amounts, floor: amounts, remaining: remaining, ceiling: amounts.cpu, rung: .shaped,
            using: .zero,
            meter: LeaseMeter())
    }

    @Test("What is not there is opened, what differs is changed, what nobody holds is closed, and what agrees is left alone")
    func orders() async throws {
        let pair = try await TestPair()
        let entry = try await lent(pair)
        let now = pair.lending.now
        let left = entry.lease.ends.remaining(at: now)
        func orders(_ held: [LeaseState]) -> [GuestKeeper.Order] { Reconciliation.orders(for: [entry], held: held, at: now) }
        #expect(orders([]) == [.open(entry.id, amounts, remaining: left)])
        #expect(orders([held(entry.id, amounts, remaining: left)]) == [])
        let change = GuestKeeper.Order.change(entry.id, amounts, remaining: left)
        #expect(orders([held(entry.id, amounts, remaining: left + .seconds(5))]) == [change])
        #expect(orders([held(entry.id, Amounts(cpu: 100, memory: amounts.memory), remaining: left)]) == [change])
        let stranger: LeaseID = JobFixture.newID()
        #expect(
            orders([held(entry.id, amounts, remaining: left), held(stranger, amounts, remaining: left)]) == [.close(stranger)])
        await pair.stop()
    }

    @Test("A lease that a warden opened, and died before it said so, is opened again: otherwise nothing could ever run under it")
    func unansweredOpening() async throws {
        let pair = try await TestPair()
        let entry = try beingOpened(try await lent(pair))
        let now = pair.lending.now
        let left = entry.lease.ends.remaining(at: now)
        #expect(
            Reconciliation.orders(for: [entry], held: [held(entry.id, amounts, remaining: left)], at: now)
                == [.open(entry.id, amounts, remaining: left)])
        await pair.stop()
    }
}
