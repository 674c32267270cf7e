import Bookkeeping
import GRPCCore
import LedgerStore
import Node
import Resources
import Trading
import Wire

// What a peer is told of the story of something that it has a part in, and of nothing else.

extension PoolMembership {
    /// The most events told of one thing.
    static let longestStory = 200
    /// The most leases described with them.
    private static let mostViews = 16

    /// This side of a story, as far as it is the peer's business.
    ///
    /// - Throws: when there is nothing that the peer may know; it is not told whether there is anything else.
    func story(of text: String, for peer: NodeID) throws -> Surplus_V1_StoryReply {
        let id = try Field.text(text, atMost: 128, "id")
        // Requests are the borrower's own affair, nodes and the pool nobody's in particular.
        guard Self.isShared(id) else { throw RPCError.noPart(in: id) }
        let parties = parties(with: peer)
        let events = try house.store.events(subject: id, limit: Self.longestStory)
        let told = events.filter { parties.concerns($0.event) }
        guard !told.isEmpty else { throw RPCError.noPart(in: id) }
        return .with {
            $0.events = told.map { Surplus_V1_EventInfo(tellable: $0) }
            $0.shortened = events.count == Self.longestStory
            $0.leases = views(of: told.map(\.event), between: parties)
            $0.utcMicroseconds = house.clock().utc.microseconds
        }
    }

    /// The kinds of things that two nodes have a part in.
    private static let shared: Set = ["neg", "agr", "lse", "job", "trf", "rct", "obl", "adj", "dsp", "net", "ckp"]

    static func isShared(_ id: String) -> Bool { shared.contains(String(id.prefix { $0 != "_" })) }

    /// How the leases stand that events are about, as far as they are between the two.
    func views(of events: [Event], between parties: Parties) -> [Surplus_V1_LeaseView] {
        let leases = Set(events.flatMap(\.subjects).compactMap { LeaseID($0) }).sorted()
        return leases.filter(parties.share).suffix(Self.mostViews).compactMap { side(of: $0).map(Surplus_V1_LeaseView.init) }
    }

    func parties(with peer: NodeID) -> Parties {
        Parties(
            own: own, peer: peer, otherSideOfLease: { self.side(of: $0)?.lease.peer },
            otherSideOfJob: { job in
                // Whose it is when it cannot be read is not known, and so nobody is told of it.
                if let hosted = try? self.hosting.jobs[job] { return hosted.borrower }
                return (try? self.house.store.state(.job, id: job.description, as: JobRecord.self))?.lender
            })
    }

    /// The lease as this side has it; `nil` also when it cannot be read: then nobody is told of it.
    func side(of lease: LeaseID) -> LeaseEntry? { try? leaseEntry(lease) }
}

extension RPCError {
    fileprivate static func noPart(in id: String) -> RPCError {
        RPCError(code: .permissionDenied, message: "nothing is known here about '\(id)' that you have a part in")
    }
}

/// What is between this node and one peer.
struct Parties: Sendable {
    let own: NodeID
    let peer: NodeID
    /// Who else has a part in a lease, or in a job, of this node; `nil` when nobody has or it is not known.
    let otherSideOfLease: @Sendable (LeaseID) -> NodeID?
    let otherSideOfJob: @Sendable (JobID) -> NodeID?

    /// Whether an event may be told to the peer: it names no other node, and either the peer itself or something between both.
    func concerns(_ event: Event) -> Bool {
        let nodes = event.subjects.compactMap { NodeID($0) }
        // All members of a netting know each other: they have signed the same document.
        if event.subjects.contains(where: { NettingID($0) != nil }) { return nodes.contains(peer) }
        guard nodes.allSatisfy({ $0 == own || $0 == peer }) else { return false }
        return nodes.contains(peer) || event.subjects.contains(where: isShared)
    }

    private func isShared(_ subject: String) -> Bool {
        if let lease = LeaseID(subject) { return share(lease) }
        return JobID(subject).map { otherSideOfJob($0) == peer } ?? false
    }

    func share(_ lease: LeaseID) -> Bool { otherSideOfLease(lease) == peer }
}

extension Surplus_V1_EventInfo {
    /// The details that say something about what is between both sides, and nothing about the owner or others.
    private static let tellable: Set = [
        "cpu", "memory", "disk", "cpu_price", "memory_price", "disk_price", "disk_mib_seconds", "term", "notice",
        "start_utc_microseconds", "reserved", "user", "elapsed",
        "disputed", "throttled", "cpu_core_microseconds", "memory_mib_seconds", "charge_microcredits", "amount_microcredits",
        "compensation_microcredits", "program", "rung", "missing_outputs", "input_bytes", "due_from", "due_until", "premium",
        "accrued", "left", "redeemed", "converted", "cancelled", "offset",
    ]

    fileprivate init(tellable stored: StoredEvent) {
        self.init(stored)
        details = details.filter { Self.tellable.contains($0.key) }
    }
}

extension Surplus_V1_LeaseView {
    init(_ entry: LeaseEntry) {
        let lease = entry.lease
        self = .with {
            $0.lease = lease.id.description
            $0.role = lease.role.rawValue
            $0.state = lease.isSuspect ? "suspect" : lease.state.rawValue
            $0.terms = Surplus_V1_Terms(lease.terms)
            $0.amounts = Surplus_V1_Amounts(lease.amounts)
            $0.endsAt = lease.ends.utc.microseconds
            $0.renewals = UInt32(lease.renewals)
            $0.chargedMicrocredits = entry.bill.accepted.credits.rawValue
            $0.disputedMicrocredits = entry.bill.disputed.credits.rawValue
        }
    }
}
