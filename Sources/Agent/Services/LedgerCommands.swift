import Bookkeeping
import GRPCCore
import LedgerStore
import Node
import Resources
import Wire

// What local users ask of the ledger and of the story it tells.

extension PoolMembership {
    func credits() -> Surplus_V1_CreditsReply {
        let books = engine.read(\.books)
        func standing(_ account: Account) -> Balance { books.balance(of: account) }
        return .with { reply in
            for line in books.trustLines {
                let balance = standing(.peer(line.peer))
                reply.balance += balance.net.rawValue
                reply.pendingIncoming += balance.debitsPending.rawValue
                reply.pendingOutgoing += balance.creditsPending.rawValue
                reply.lines.append(
                    .with {
                        $0.peer = line.peer.description
                        $0.peerName = name(of: line.peer)
                        $0.balance = balance.net.rawValue
                        $0.pendingOwedToUs = balance.debitsPending.rawValue
                        $0.pendingWeOwe = balance.creditsPending.rawValue
                        $0.limitGranted = line.granted.rawValue
                        $0.limitReceived = line.mayOwe.rawValue
                        $0.disputed = standing(.disputed(line.peer)).net.rawValue
                    })
            }
            reply.earned = -standing(.earned).net.rawValue
            reply.spent = standing(.spent).net.rawValue
        }
    }

    func verifyLedger() async throws -> Surplus_V1_VerifyLedgerReply {
        let (store, notary) = (house.store, notary)
        // Reading the whole ledger blocks: it gets a thread of its own.
        let found = try await onThread { try store.verify { notary.verify($0, over: $1, by: $2) } }
        return .with {
            $0.ok = found.fault == nil
            $0.fault = found.fault.map { "\($0)" } ?? ""
            $0.transfers = found.transfers
            $0.receipts = found.receipts
            $0.segments = Int64(found.segments)
            $0.chainHead = found.head.description
        }
    }

    // MARK: The story

    private static let page = 500
    /// The most events of the past given at once.
    private static let longestPast = 1000
    /// The most events given for one id.
    private static let longestStory = 200

    func streamEvents(
        _ request: Surplus_V1_EventsRequest, _ write: (Surplus_V1_EventInfo) async throws -> Void
    ) async throws {
        var after = request.afterSequence
        if after == 0, request.last > 0 {
            for stored in try house.store.lastEvents(min(Int(request.last), Self.longestPast)) {
                try await write(Surplus_V1_EventInfo(stored))
                after = stored.sequence
            }
            if !request.follow { return }
        }
        for await _ in engine.announcements() {
            var page: [StoredEvent] = []
            repeat {
                page = try house.store.events(after: after, limit: Self.page)
                for stored in page {
                    try await write(Surplus_V1_EventInfo(stored))
                    after = stored.sequence
                }
            } while page.count == Self.page
            if !request.follow { return }
        }
    }

    /// The story of one thing, in order.
    func explain(_ id: String) throws -> Surplus_V1_ExplainReply {
        let id = try Field.text(id, atMost: 128, "id")
        let subject = NodeID(id) == nil ? (try? roster.find(id).node.description) ?? id : id
        let events = try house.store.events(subject: subject, limit: Self.longestStory)
        guard !events.isEmpty else {
            throw Refusal(
                term: "id",
                reason:
                    "nothing is known here about '\(id)': give the id of a lease, job, agreement, request, transfer, receipt or node"
            )
        }
        return .with {
            $0.id = subject
            $0.kind = Self.kind(of: subject)
            $0.summary = summary(of: subject, events)
            $0.events = events.map(Surplus_V1_EventInfo.init)
        }
    }

    private func summary(of subject: String, _ events: [StoredEvent]) -> String {
        let summary =
            NodeID(subject).flatMap { roster[$0] }.map { "\($0.name) \($0.status.story), at \($0.address)" }
            ?? events.last?.event.text ?? ""
        return events.count < Self.longestStory ? summary : "\(summary) (the last \(events.count) events)"
    }

    private static func kind(of id: String) -> String {
        let kinds = [
            "nde": "node", "pol": "pool", "req": "request", "neg": "negotiation", "agr": "agreement", "lse": "lease",
            "job": "job",
            "trf": "transfer", "rct": "receipt", "tok": "token", "usr": "user",
        ]
        return kinds[String(id.prefix { $0 != "_" })] ?? "thing"
    }
}

extension Surplus_V1_EventInfo {
    init(_ stored: StoredEvent) {
        self = .with {
            $0.sequence = stored.sequence
            $0.at = stored.event.at.microseconds
            $0.kind = stored.event.kind
            $0.subjects = stored.event.subjects
            $0.text = stored.event.text
            for detail in stored.event.details { $0.details[detail.name] = detail.value }
        }
    }
}
