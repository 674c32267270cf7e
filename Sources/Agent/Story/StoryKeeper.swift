import Configuration
import LedgerStore
import Logging
import Node
import Resources

/// Keeps the story within its bounds: drops what is too old or too much, in the background, but nothing of open leases.
struct StoryKeeper: Sendable {
    private static let interval = Duration.seconds(60)

    let house: Household
    let engine: Engine

    func run() async {
        while !Task.isCancelled {
            do {
                let dropped = try await prune()
                if dropped > 0 { house.log.debug("dropped old events", metadata: ["events": "\(dropped)"]) }
            } catch {
                house.log.warning("old events cannot be dropped", metadata: ["error": "\(error)"])
            }
            await Task.rest(for: Self.interval)
        }
    }

    /// - Returns: how many events were dropped.
    func prune() async throws -> Int {
        let bounds = house.configuration.story
        return try await house.store.pruneEvents(
            beyond: bounds.events, before: house.clock().utc + -bounds.age, keeping: engine.read(\.openSubjects))
    }
}

extension Node {
    /// The ids of everything that is not over: open leases with their agreements, and requests that are in doubt.
    fileprivate var openSubjects: Set<String> {
        var subjects = Set(requests.keys.map(\.description))
        for entry in nettings where !entry.isOver { subjects.insert(entry.id.description) }
        for entry in leases.unsettled.values {
            subjects.insert(entry.id.description)
            subjects.insert(entry.lease.agreement.description)
        }
        return subjects
    }
}
