import Bookkeeping
import Node
import Resources
import Testing
import Trading
import Wire

@testable import Agent

@Suite("Stories told to peers")
struct StoryTests {
    private let own = NodeID(high: 1, low: 1)
    private let peer = NodeID(high: 1, low: 2)
    private let other = NodeID(high: 1, low: 3)
    private let shared = LeaseID(high: 2, low: 1)
    private let others = LeaseID(high: 2, low: 2)
    private let job = JobID(high: 3, low: 1)

    private var parties: Parties {
        let (shared, others, job, peer, other) = (shared, others, job, peer, other)
        return Parties(
            own: own, peer: peer, otherSideOfLease: { $0 == shared ? peer : $0 == others ? other : nil },
            otherSideOfJob: { $0 == job ? peer : nil })
    }

    private func event(_ subjects: any CustomStringConvertible...) -> Event {
        Event(at: Timestamp(microseconds: 0), kind: "lease.active", subjects: subjects.map(\.description), text: "")
    }

    @Test("a peer is told what names it, or a lease or job between both")
    func told() {
        #expect(parties.concerns(event(shared, peer)))
        #expect(parties.concerns(event(shared)))
        #expect(parties.concerns(event(job)))
        #expect(parties.concerns(event(NegotiationID(high: 4, low: 1), peer)))
        #expect(parties.concerns(event(shared, own, peer)))
    }

    @Test("a peer is told nothing of others, not even of what it has named itself")
    func untold() {
        #expect(!parties.concerns(event(others)))
        #expect(!parties.concerns(event(others, other)))
        #expect(!parties.concerns(event(shared, peer, other)))
        #expect(!parties.concerns(event(RequestID(high: 5, low: 1))))
        #expect(!parties.concerns(event(JobID(high: 3, low: 2))))
        #expect(!parties.concerns(event()))
        #expect(!parties.concerns(event(own)))
    }

    // MARK: What a peer tells

    private func view(_ state: String, cpu: Int64 = 1000, charged: Int64 = 0, ends: Int64 = 1_000_000_000) -> Surplus_V1_LeaseView
    {
        .with {
            $0.lease = shared.description
            $0.role = "lender"
            $0.state = state
            $0.terms = Surplus_V1_Terms(
                Terms(amounts: Amounts(cpu: 1000), prices: .free, term: .minutes(1), notice: .standard))
            $0.amounts.cpuMillicores = cpu
            $0.chargedMicrocredits = charged
            $0.endsAt = ends
        }
    }

    private func story(_ views: [Surplus_V1_LeaseView], ahead: Microseconds = .zero) throws -> ToldStory {
        let asked = Timestamp(microseconds: 500_000_000)
        let answered = asked + .milliseconds(20)
        let reply = Surplus_V1_StoryReply.with {
            $0.leases = views
            $0.utcMicroseconds = (asked + .milliseconds(10) + ahead).microseconds
            $0.events = [.with { ($0.at, $0.kind, $0.text) = ((asked + ahead).microseconds, "lease.granted", "lent") }]
        }
        return try ToldStory(reply, of: peer, asked: asked, answered: answered)
    }

    @Test("its times are put on this node's clock")
    func clock() throws {
        let story = try story([], ahead: .minutes(3))
        #expect(story.clockOffset == .minutes(3) && story.roundTrip == .milliseconds(20))
        #expect(story.events.first?.at == 500_000_000 && story.events.first?.side == peer.description)
        #expect(story.differences(from: [], name: "node2") == ["the clock of node2 is 3 min ahead of this node's"])
    }

    @Test("what both agree on is no difference, also while one knows sooner than the other")
    func agreement() throws {
        #expect(try story([view("active")]).differences(from: [view("active")], name: "node2").isEmpty)
        #expect(try story([view("granted")]).differences(from: [view("active")], name: "node2").isEmpty)
        #expect(try story([view("reclaiming")]).differences(from: [view("suspect")], name: "node2").isEmpty)
        #expect(try story([view("active", ends: 1_000_400_000)]).differences(from: [view("active")], name: "node2").isEmpty)
    }

    @Test("where they do not agree, both figures are named")
    func differences() throws {
        func differences(_ there: Surplus_V1_LeaseView, _ here: Surplus_V1_LeaseView) throws -> [String] {
            try story([there]).differences(from: [here], name: "node2")
        }
        #expect(try differences(view("settled"), view("active")) == ["\(shared): it is open here, settled on node2"])
        #expect(try differences(view("active", cpu: 500), view("active")).first?.contains("1 core") == true)
        #expect(try differences(view("settled", charged: 5), view("settled", charged: 7)).count == 1)
        #expect(try differences(view("active", ends: 1_060_000_000), view("active")) == ["\(shared): its end differs by 1 min"])
    }

    @Test("what no honest peer says is refused")
    func hostile() {
        func told(_ change: (inout Surplus_V1_StoryReply) -> Void) throws -> ToldStory {
            var reply = Surplus_V1_StoryReply.with { $0.utcMicroseconds = 1 }
            change(&reply)
            return try ToldStory(reply, of: peer, asked: Timestamp(microseconds: 1), answered: Timestamp(microseconds: 2))
        }
        #expect(throws: Never.self) { try told { _ in } }
        #expect(throws: FieldError.self) { try told { $0.utcMicroseconds = -1 } }
        #expect(throws: FieldError.self) { try told { $0.utcMicroseconds = .max } }
        #expect(throws: FieldError.self) { try told { $0.events = Array(repeating: .init(), count: 201) } }
        #expect(throws: FieldError.self) { try told { $0.events = [.with { $0.at = .min }] } }
        #expect(throws: FieldError.self) { try told { $0.events = [.with { $0.text = String(repeating: "x", count: 5000) }] } }
        #expect(throws: FieldError.self) { try told { $0.leases = [view("active", charged: -1)] } }
        #expect(throws: FieldError.self) { try told { $0.leases = [.init()] } }
    }
}
