import Bookkeeping
import LedgerStore
import Logging
import Resources

/// Tells one receiver of events, from its place in the story on. What waits for a slow receiver waits in the ledger, where the
/// story is bounded anyway; nobody else waits for it.
struct EventFollower: Sendable {
    /// After so long a receiver that fails is told of an event no more.
    static let patience = Microseconds.hours(24)
    private static let longestPause = Duration.seconds(300)
    private static let page = 200
    /// A place is written down after so many events that the receiver does not want.
    private static let stride: Int64 = 1000

    let receiver: any EventReceiver
    let house: Household
    /// The last event that a receiver is not told of which is new.
    let beginning: Int64
    /// Before the second try.
    var shortestPause = Duration.seconds(1)

    /// The last event that a receiver is done with.
    private struct Place: Codable, Sendable {
        let receiver: String
        let sequence: Int64
    }

    /// Goes on until cancelled.
    func run() async {
        var known: Int64?
        while !Task.isCancelled {
            do {
                var place: Int64
                if let known { place = known } else { place = try await firstPlace() }
                defer { known = place }
                var written = place
                for await _ in house.story.announcements() {
                    try await follow(from: &place, written: &written)
                }
            } catch {
                if Task.isCancelled { return }
                log("cannot be told of events", error: "\(error)")
                await Task.rest(for: shortestPause)
            }
        }
    }

    private func follow(from place: inout Int64, written: inout Int64) async throws {
        var page: [StoredEvent] = []
        repeat {
            page = try house.store.events(after: place, limit: Self.page)
            for stored in page {
                if receiver.wants(stored.event) {
                    try await tell(stored)
                    place = stored.sequence
                    try await write(place)
                    written = place
                } else {
                    place = stored.sequence
                }
            }
            if place - written >= Self.stride {
                try await write(place)
                written = place
            }
        } while page.count == Self.page
    }

    // MARK: Telling

    /// Tells it until it takes the event, will never take it, or has had its time.
    private func tell(_ stored: StoredEvent) async throws {
        var pause = shortestPause
        while true {
            switch await receiver.take(stored) {
            case .done: return
            case .refused(let reason): return log("was told in vain", of: stored, error: reason)
            case .failed(let reason):
                try Task.checkCancellation()
                guard house.clock().utc - stored.event.at < Self.patience else {
                    return log("is told no more, it failed for too long", of: stored, error: reason)
                }
                if pause == shortestPause { log("failed, and is told again", of: stored, error: reason) }
                // Spread, so that many nodes do not come back to a receiver at the same instant.
                try await Task.sleep(for: pause * Double.random(in: 0.75...1.25))
                pause = min(pause * 2, Self.longestPause)
            }
        }
    }

    // MARK: The place

    private var key: String { "hook \(receiver.name)" }

    private func firstPlace() async throws -> Int64 {
        if receiver.isDurable, let place = try house.store.state(.setting, id: key, as: Place.self) { return place.sequence }
        try await write(beginning)
        return beginning
    }

    private func write(_ sequence: Int64) async throws {
        guard receiver.isDurable else { return }
        try await house.store.commit([.state(.setting, id: key, Place(receiver: receiver.name, sequence: sequence))])
    }

    private func log(_ what: String, of stored: StoredEvent? = nil, error: String) {
        house.log.warning(
            "a hook \(what)",
            metadata: [
                "hook": "\(receiver.name)", "event": "\(stored.map { "\($0.event.kind) \($0.sequence)" } ?? "-")",
                "error": "\(error)",
            ])
    }
}
