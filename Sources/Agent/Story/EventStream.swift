import Bookkeeping
import GRPCCore
import LedgerStore
import Resources
import Wire

// The story as it is read line by line.

extension PoolMembership {
    private static let page = 500
    /// The most events of the past given at once.
    private static let longestPast = 1000
    /// The most patterns in one request.
    private static let mostPatterns = 32

    func streamEvents(
        _ request: Surplus_V1_EventsRequest, _ write: (Surplus_V1_EventInfo) async throws -> Void
    ) async throws {
        let filter = try await filter(of: request)
        var after = request.afterSequence
        if after == 0, request.last > 0 {
            for stored in try past(min(Int(request.last), Self.longestPast), filter) {
                try await write(Surplus_V1_EventInfo(stored))
                after = stored.sequence
            }
            if !request.follow { return }
            after = try max(after, house.store.lastEvents(1).last?.sequence ?? 0)
        }
        for await _ in house.story.announcements() {
            var page: [StoredEvent] = []
            repeat {
                page = try house.store.events(after: after, limit: Self.page)
                for stored in page {
                    if filter.admits(stored.event) { try await write(Surplus_V1_EventInfo(stored)) }
                    after = stored.sequence
                }
            } while page.count == Self.page
            if !request.follow { return }
        }
    }

    private func filter(of request: Surplus_V1_EventsRequest) async throws -> EventFilter {
        try Field.count(request.kinds, atMost: Self.mostPatterns, "kinds")
        let kinds = try request.kinds.map { text in
            guard let pattern = EventPattern(text) else {
                throw FieldError("kinds", "has '\(text.prefix(64))': write a kind such as lease.granted, lease.* or *")
            }
            if let fault = EventKinds.fault(of: pattern) {
                throw RPCError(code: .invalidArgument, message: "--kind \(pattern): \(fault)")
            }
            return pattern
        }
        let id = try Field.text(request.id, atMost: 128, "id")
        return EventFilter(kinds: kinds, subject: id.isEmpty ? nil : await subject(named: id))
    }

    /// The newest events that a filter admits, oldest first.
    private func past(_ count: Int, _ filter: EventFilter) throws -> [StoredEvent] {
        if let subject = filter.subject {
            return try house.store.events(subject: subject, limit: Self.longestPast).filter { filter.admits($0.event) }.suffix(
                count)
        }
        guard !filter.kinds.isEmpty else { return try house.store.lastEvents(count) }
        var found: [StoredEvent] = []
        var before = Int64.max
        while found.count < count {
            let page = try house.store.events(before: before, limit: Self.page)
            guard let first = page.first else { break }
            found = page.filter { filter.admits($0.event) } + found
            before = first.sequence
        }
        return found.suffix(count)
    }

    /// The id that a person means who gives an id, or the name of a node or of a volume that is kept here.
    func subject(named text: String) async -> String {
        guard NodeID(text) == nil, VolumeID(text) == nil else { return text }
        if let member = try? roster.find(text) { return member.node.description }
        return await volumes.volume(named: text)?.description ?? text
    }
}

/// Which events somebody wants to see.
struct EventFilter: Sendable {
    /// Any of these; all when empty.
    let kinds: [EventPattern]
    /// An id that they must concern.
    let subject: String?

    func admits(_ event: Event) -> Bool {
        (kinds.isEmpty || kinds.contains { $0.matches(event.kind) }) && (subject.map(event.subjects.contains) ?? true)
    }
}

extension Surplus_V1_EventInfo {
    init(_ stored: StoredEvent) {
        self.init(stored.event)
        sequence = stored.sequence
    }

    init(_ event: Event) {
        self = .with {
            $0.at = event.at.microseconds
            $0.kind = event.kind
            $0.subjects = event.subjects
            $0.text = event.text
            for detail in event.details { $0.details[detail.name] = detail.value }
        }
    }
}
