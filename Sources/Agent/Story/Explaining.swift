import Bookkeeping
import GRPCCore
import LedgerStore
import Node
import Resources
import Wire

// Why something is as it is, as both of its sides tell it.

extension PoolMembership {
    /// The most other sides that are asked about one thing.
    private static let mostSides = 8
    /// How long a peer may take to tell its side.
    private static let patience = Duration.seconds(3)

    /// The story of one thing, in order: this side's, and that of each other node which has a part in it.
    func explain(_ text: String) async throws -> Surplus_V1_ExplainReply {
        let subject = await subject(named: try Field.text(text, atMost: 128, "id"))
        let events = try house.store.events(subject: subject, limit: Self.longestStory)
        let questions = questions(about: subject, events.map(\.event))
        guard !events.isEmpty else {
            throw Refusal(
                term: "id",
                reason:
                    "nothing is known here about '\(subject)': give the id of a lease, job, agreement, request, transfer, receipt, "
                    + "dispute, obligation or netting, or the id or name of a volume or node")
        }
        let told = await ask(questions)
        return .with { reply in
            reply.id = subject
            reply.kind = Self.kind(of: subject)
            reply.summary = summary(of: subject, events)
            let own = Surplus_V1_StorySide.with {
                $0.node = self.own.description
                $0.name = name(of: self.own)
                $0.isSelf = true
                $0.shortened = events.count == Self.longestStory
                $0.leases = questions.flatMap { views(of: events.map(\.event), between: parties(with: $0.peer)) }
            }
            reply.sides = [own]
            var lines = events.map(Surplus_V1_EventInfo.init)
            for answer in told {
                let peer = answer.peer
                switch answer.story {
                case .success(let story):
                    reply.sides.append(side(of: peer, story))
                    lines += story.events
                    reply.differences += story.differences(from: own.leases, name: name(of: peer))
                case .failure(let error):
                    reply.sides.append(
                        .with {
                            ($0.node, $0.name) = (peer.description, name(of: peer))
                            $0.error = (error as? RPCError)?.message ?? "\(error)"
                        })
                }
            }
            // Each side's lines stay in their order; this side's come first where both claim the same moment.
            reply.events = lines.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
        }
    }

    private func side(of peer: NodeID, _ story: ToldStory) -> Surplus_V1_StorySide {
        .with {
            $0.node = peer.description
            $0.name = name(of: peer)
            $0.clockOffsetMicroseconds = story.clockOffset.rawValue
            $0.roundTripMicroseconds = story.roundTrip.rawValue
            $0.leases = story.leases
            $0.shortened = story.isShortened
        }
    }

    /// What is asked of which other node, in the order of their ids.
    private func questions(about subject: String, _ events: [Event]) -> [(peer: NodeID, id: String)] {
        var questions: [NodeID: String] = [:]
        for lease in Set(events.flatMap(\.subjects).compactMap { LeaseID($0) }).sorted() {
            guard let peer = side(of: lease)?.lease.peer else { continue }
            // Of a request its lender knows what came of it.
            if RequestID(subject) != nil { questions[peer] = lease.description }
            if Self.isShared(subject) { questions[peer] = subject }
        }
        if Self.isShared(subject) {
            for node in events.flatMap(\.subjects).compactMap({ NodeID($0) }) where node != own { questions[node] = subject }
        }
        return questions.sorted { $0.key < $1.key }.prefix(Self.mostSides).map { ($0.key, $0.value) }
    }

    /// What a peer answered.
    private struct Answer: Sendable {
        let peer: NodeID
        let story: Result<ToldStory, any Error>
    }

    private func ask(_ questions: [(peer: NodeID, id: String)]) async -> [Answer] {
        await withTaskGroup(of: Answer.self) { group in
            for (peer, id) in questions {
                group.addTask {
                    do {
                        return Answer(peer: peer, story: .success(try await self.ask(peer, about: id)))
                    } catch { return Answer(peer: peer, story: .failure(error)) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.sorted { $0.peer < $1.peer }
        }
    }

    private func ask(_ peer: NodeID, about subject: String) async throws -> ToldStory {
        if let features = roster.features(of: peer), !features.contains(Feature.story.rawValue) {
            throw RPCError(code: .unimplemented, message: "it runs an older version, which does not tell its side")
        }
        let asked = house.clock().utc
        let reply = try await peers.call(peer) {
            try await $0.tellStory(.with { $0.id = subject }, options: .within(Self.patience))
        }
        return try ToldStory(reply, of: peer, asked: asked, answered: house.clock().utc)
    }

    private func summary(of subject: String, _ events: [StoredEvent]) -> String {
        let summary =
            NodeID(subject).flatMap { roster[$0] }.map { "\($0.name) \($0.status.story), at \($0.address)" }
            ?? ObligationID(subject).flatMap { id in engine.read { $0.obligations[id] } }.map(summary(of:))
            ?? events.last?.event.text ?? ""
        return events.count < Self.longestStory ? summary : "\(summary) (the last \(events.count) events)"
    }

    /// Who owes what until when, and what became of it.
    private func summary(of obligation: Obligation) -> String {
        let isOurs = obligation.creditor == own
        let peer = name(of: isOurs ? obligation.debtor : obligation.creditor)
        let parties = isOurs ? "\(peer) owes this node" : "this node owes \(peer)"
        let parts = [
            ("redeemed", obligation.redeemed), ("converted", obligation.converted), ("cancelled", obligation.cancelled),
            ("offset", obligation.offset),
        ].filter { $0.1 != .zero }.map { ", \($0.1.text) \($0.0)" }.joined()
        let due = [obligation.deferral.from, obligation.deferral.until].map { CivilDate($0).rfc3339Seconds }
        return
            "\(parties) \(obligation.left.text) in kind, of \(obligation.accrued.text)\(parts); due from \(due[0]) to \(due[1])"
            + (obligation.isSettled ? "; settled" : obligation.isAccruing ? "; its lease goes on" : "")
    }

    private static func kind(of id: String) -> String {
        let kinds = [
            "nde": "node", "pol": "pool", "req": "request", "neg": "negotiation", "agr": "agreement", "lse": "lease",
            "job": "job", "trf": "transfer", "rct": "receipt", "net": "netting", "ckp": "checkpoint", "obl": "obligation",
            "adj": "adjustment", "dsp": "dispute", "tok": "token", "usr": "user", "vol": "volume",
        ]
        return kinds[String(id.prefix { $0 != "_" })] ?? "thing"
    }
}
