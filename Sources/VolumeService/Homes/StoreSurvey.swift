package import Resources
package import Volumes

/// What is heard of the stores of a volume.
struct StoreSurvey {
    private struct Seen {
        var place: StorePlace
        /// As it said last.
        var usage: BlockUsage?
        var heard: Instant
        var isAsked = false
    }

    /// After so long without an answer a store counts as lost.
    private let patience: Microseconds
    private let clock: @Sendable () -> Moment
    private var stores = SortedMap<NodeID, Seen>()
    private var left: Set<NodeID> = []
    private var told: [StorePlace]?

    init(patience: Microseconds, clock: @escaping @Sendable () -> Moment) { (self.patience, self.clock) = (patience, clock) }

    private var now: Instant { clock().instant }

    // MARK: What happens

    mutating func meet(_ places: [StorePlace]) {
        stores = SortedMap(
            places.map { place in
                var seen = stores[place.node] ?? Seen(place: place, heard: now)
                seen.place = place
                return (place.node, seen)
            })
        left.formIntersection(stores.keys)
    }

    mutating func leave(_ node: NodeID, _ isLeft: Bool) {
        if isLeft { left.insert(node) } else { left.remove(node) }
    }

    /// Stores that are to be asked how they are.
    mutating func due() -> [StorePlace] {
        let due = stores.values.filter { !$0.isAsked }.map(\.place)
        for place in due { stores[place.node]?.isAsked = true }
        return due
    }

    /// - Parameter usage: `nil` when no answer came.
    mutating func told(_ node: NodeID, _ usage: BlockUsage?) {
        guard var seen = stores[node] else { return }
        seen.isAsked = false
        if let usage { (seen.usage, seen.heard) = (usage, now) }
        stores[node] = seen
    }

    // MARK: What is known

    /// Where blocks can be, by what was heard.
    var places: SortedMap<NodeID, StorePlace> { SortedMap(stores.pairs.map { ($0, condition(of: $1)) }) }

    private func condition(of seen: Seen) -> StorePlace {
        var place = seen.place
        guard now - seen.heard < patience, place.condition.phase != .lost else {
            place.condition.phase = .lost
            return place
        }
        if let usage = seen.usage { place.condition.learn(usage) }
        if left.contains(place.node) { place.condition.phase = .leaving }
        return place
    }

    /// Where blocks can be; `nil` when that was told, and nothing is different since.
    mutating func news() -> [StorePlace]? {
        let places = places.values
        guard places != told else { return nil }
        told = places
        return places
    }

    var seen: [StoreReport] {
        stores.values.map { seen in
            StoreReport(
                place: condition(of: seen), isHeard: now - seen.heard < patience, silence: now - seen.heard,
                capacity: seen.usage?.capacity ?? .zero, live: seen.usage?.live ?? .zero)
        }
    }
}

extension StoreCondition {
    /// Takes what the store says of itself besides what is known of it: the stricter of both.
    fileprivate mutating func learn(_ usage: BlockUsage) {
        free = min(free, UInt64(clamping: usage.free.rawValue))
        if usage.isLeaving { phase = .leaving }
        copyRate = [copyRate, usage.copyRate.map { UInt64(clamping: $0.rawValue) }].compactMap { $0 }.min()
    }
}

/// A store of a volume, for people.
package struct StoreReport: Hashable, Sendable {
    package let place: StorePlace
    /// Whether it has answered lately.
    package let isHeard: Bool
    /// Since its last answer, or since it came.
    package let silence: Microseconds
    /// What it lends to the volume, and what of that blocks take; as it said last.
    package let capacity: Bytes
    package let live: Bytes
}

/// How fast work goes on, as it was measured over the last minute.
struct MendingRate {
    private struct Sample {
        let at: Instant
        let left: UInt64
    }

    private static let span = Microseconds.seconds(60)
    private var samples: [Sample] = []
    /// The most that was left since nothing was.
    private var most: UInt64 = 0
    private var moved: [NodeID: [Sample]] = [:]

    mutating func note(_ standing: KeeperStanding, at now: Instant) {
        let left = UInt64(standing.underway + standing.waiting)
        samples = Self.kept(samples, now) + [Sample(at: now, left: left)]
        most = left == 0 ? 0 : max(most, left)
    }

    mutating func note(_ bytes: UInt64, from node: NodeID, at now: Instant) {
        moved[node] = Self.kept(moved[node] ?? [], now) + [Sample(at: now, left: bytes)]
    }

    private static func kept(_ samples: [Sample], _ now: Instant) -> [Sample] { samples.filter { now - $0.at <= span } }

    /// - Returns: `nil` when it does not become less.
    func timeLeft(for blocks: Int) -> Microseconds? {
        guard blocks > 0 else { return .zero }
        guard let first = samples.max(by: { $0.left < $1.left }), let last = samples.last, last.at > first.at,
            first.left > last.left
        else { return nil }
        let time = Int128((last.at - first.at).rawValue) * Int128(blocks) / Int128(first.left - last.left)
        return Microseconds(Int64(clamping: time))
    }

    /// How many are done since there was nothing to do, as far as is known.
    func done(besides blocks: Int) -> UInt64 { most - min(most, UInt64(blocks)) }

    func bytesPerSecond(from node: NodeID) -> UInt64 {
        guard let first = moved[node]?.first, let last = moved[node]?.last, last.at > first.at, last.left > first.left else {
            return 0
        }
        return UInt64(clamping: Int128(last.left - first.left) * 1_000_000 / Int128((last.at - first.at).rawValue))
    }
}

/// How the blocks of a volume are, for people.
struct UpkeepReport {
    let standing: KeeperStanding
    let stores: [StoreReport]
    /// Whether copies could not be made lately for want of room.
    let isOutOfRoom: Bool
    /// Blocks that were mended since all was well last.
    let mended: UInt64
    /// Until all that is known is mended; `nil` when it does not become less.
    let timeLeft: Microseconds?
}
