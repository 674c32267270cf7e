internal import Volumes

/// What a keeper is to be told, in order, while it cannot be. How stores are it is told as they are then, not as they were: what was true
/// of them while the home recovered would have it give up blocks for which there is room.
struct KeeperEvents {
    /// So many wait at most; blocks that lack something are found all the same.
    static let most = 4096

    private var events: [KeeperEvent] = []

    mutating func add(_ event: KeeperEvent) {
        if case .stores = event { events.removeAll(where: \.isOfStores) }
        guard events.count < Self.most || event.isIndispensable else { return }
        events.append(event)
    }

    mutating func next() -> KeeperEvent? { events.isEmpty ? nil : events.removeFirst() }

    /// One that could not be told after all is the next again, unless a later one takes its place.
    mutating func putBack(_ event: KeeperEvent) {
        guard !event.isOfStores || !events.contains(where: \.isOfStores) else { return }
        events.insert(event, at: 0)
    }
}

extension KeeperEvent {
    fileprivate var isOfStores: Bool { if case .stores = self { true } else { false } }

    /// Whether nothing else tells the same later.
    fileprivate var isIndispensable: Bool {
        switch self {
        case .answered, .stores: true
        case .damaged, .written, .durable, .tick: false
        }
    }
}
