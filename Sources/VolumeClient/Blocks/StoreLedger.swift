internal import Resources
internal import Volumes

/// What a client knows of the stores of a volume: where there is room, how much of it was granted to it, and how much of that has
/// been promised to programs.
struct StoreLedger {
    /// How many copies each block is to have, and with how few it is safe.
    let copies: Int
    var fewest: Int { min(2, copies) }

    private(set) var map = StoreMap([])
    /// Granted and not used, in bytes of what blocks take in a store.
    private(set) var granted = SortedMap<NodeID, UInt64>()
    /// What may be granted besides, for it is not known whether it was used.
    private(set) var strays = SortedMap<NodeID, UInt64>()
    /// Bytes that programs have written and that are not stored yet.
    private(set) var promised: UInt64 = 0
    /// Takes no blocks until then.
    private var shunned: [NodeID: Instant] = [:]
    /// Grants nothing more until then.
    private var spent: [NodeID: Instant] = [:]
    /// Has not answered; others are asked first until then.
    private var silent: [NodeID: Instant] = [:]

    /// So long a store is left alone that has said that it has no room.
    private let shunning: Microseconds

    init(copies: Int, shunning: Microseconds = .seconds(10)) { (self.copies, self.shunning) = (max(1, copies), shunning) }

    // MARK: Stores

    /// Takes note of how the stores are. What was granted by those that are not among them is gone.
    mutating func learn(_ conditions: [StoreCondition]) {
        map = StoreMap(conditions)
        forgive()
        for node in granted.keys where map.stores[node] == nil { (granted[node], strays[node]) = (nil, nil) }
    }

    /// A store has no room, or takes nothing new: what it granted is nothing worth.
    mutating func shun(_ node: NodeID, at now: Instant) {
        shunned[node] = now + shunning
        granted[node] = nil
    }

    /// A store has granted what it could.
    mutating func exhaust(_ node: NodeID, at now: Instant) { spent[node] = now + shunning }

    /// A store has not answered when it was asked for room.
    mutating func miss(_ node: NodeID, at now: Instant) { silent[node] = now + shunning }

    /// What was held against stores may have passed.
    mutating func forgive() { (shunned, spent, silent) = ([:], [:], [:]) }

    /// Those that take new blocks.
    private func open(at now: Instant) -> [StoreCondition] {
        map.stores.values.filter { store in
            store.phase == .open && shunned[store.node].map { $0 <= now } ?? true
        }
    }

    // MARK: Promises

    /// What so many bytes take in a store, in blocks that are not tiny.
    static func footprint(_ bytes: UInt64) -> UInt64 { bytes + bytes / 4 }

    /// Whether what was granted is enough for what was promised and so much more, with so many copies of each byte on different nodes.
    func covers(_ more: UInt64, copies: Int) -> Bool {
        let wanted = Self.footprint(promised + more)
        let places = granted.values.reduce(UInt64(0)) { $0 + min($1, wanted) }
        return places >= wanted * UInt64(copies) && granted.values.count { $0 > 0 } >= copies
    }

    mutating func promise(_ bytes: UInt64) { promised += bytes }
    mutating func settle(_ bytes: UInt64) { promised -= min(promised, bytes) }

    // MARK: Grants

    /// Whom to ask for room, so that so much more can be promised: those that have said to have so much, or else any.
    ///
    /// - Parameter evenSilent: whether those are asked, too, that have not answered lately. They may be back, and take long to ask when
    ///   they are not.
    func lenders(
        for bytes: UInt64, besides tried: [NodeID], evenSilent: Bool = false, at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [NodeID] {
        let enough = Self.footprint(promised + bytes)
        let ready = granted.pairs.filter { $0.1 >= enough }.map(\.0)
        let wanted = copies - ready.count
        guard wanted > 0 else { return [] }
        let avoided = evenSilent ? [spent] : [spent, silent]
        let candidates = StoreMap(
            open(at: now).filter { store in avoided.allSatisfy { $0[store.node].map { $0 <= now } ?? true } })
        let chosen = candidates.choose(wanted, for: bytes, besides: ready + tried, using: &random)
        return chosen.isEmpty ? candidates.choose(wanted, for: 0, besides: ready + tried, using: &random) : chosen
    }

    /// What a node lacks for what is promised and so much more.
    func shortage(of node: NodeID, for bytes: UInt64) -> UInt64 {
        let enough = Self.footprint(promised + bytes)
        return enough - min(enough, granted[node] ?? 0)
    }

    mutating func grant(_ bytes: UInt64, by node: NodeID) { granted[node, default: 0] += bytes }

    /// A block was sent to a node, and it is not known what has become of it.
    mutating func lose(_ bytes: UInt64, to node: NodeID) { strays[node, default: 0] += bytes }

    /// Takes out all that was granted and is not needed, to be given back.
    mutating func takeUnneeded() -> SortedMap<NodeID, UInt64> {
        guard promised == 0 else { return SortedMap() }
        defer { (granted, strays) = (SortedMap(), SortedMap()) }
        var all = granted
        for (node, bytes) in strays.pairs { all[node, default: 0] += bytes }
        return all
    }

    /// The session is over to which it was granted and promised.
    mutating func forget() { (granted, strays, promised) = (SortedMap(), SortedMap(), 0) }

    // MARK: Placing

    /// Chooses where copies of a block go, and uses what was granted there: where there is most of it when the rest would not be
    /// enough for what was promised otherwise; then nodes that have said to have room, then those that have not. Where what was
    /// promised is covered with fewer copies only, the block has no more of them out of what others were promised.
    ///
    /// - Parameter present: nodes that have a copy, or were tried.
    mutating func place(
        _ count: Int, of bytes: UInt64, besides present: [NodeID], doubtful: [NodeID], at now: Instant,
        using random: inout some RandomNumberGenerator
    ) -> [NodeID] {
        let candidates = granting(bytes, besides: present + doubtful, at: now)
        var chosen = placeGranted(count, bytes, on: candidates, using: &random)
        for node in chosen { granted[node, default: 0] -= bytes }
        let kept = candidates.map(\.node).filter { !chosen.contains($0) }
        for (room, avoided) in [(bytes, doubtful), (0, doubtful), (0, [])] where chosen.count < count {
            chosen += StoreMap(open(at: now)).choose(
                count - chosen.count, for: room, besides: present + avoided + kept + chosen, using: &random)
        }
        return chosen
    }

    /// Stores that have granted so much, with that as their room.
    private func granting(_ bytes: UInt64, besides avoided: [NodeID], at now: Instant) -> [StoreCondition] {
        open(at: now).compactMap { store -> StoreCondition? in
            guard let room = granted[store.node], room >= bytes, !avoided.contains(store.node) else { return nil }
            var store = store
            store.free = room
            return store
        }
    }

    private func placeGranted(
        _ count: Int, _ bytes: UInt64, on candidates: [StoreCondition], using random: inout some RandomNumberGenerator
    ) -> [NodeID] {
        let drawn = StoreMap(candidates).choose(count, for: bytes, besides: [], using: &random)
        guard let covered = (min(fewest, count)...count).last(where: { covers(0, copies: $0) }),
            !covers(copies: covered, afterPlacing: bytes, on: drawn)
        else { return drawn }
        let fullest = candidates.sorted { ($1.free, $0.node) < ($0.free, $1.node) }.map(\.node)
        return drawn.reduce(into: Array(fullest.prefix(covered))) { chosen, node in
            guard chosen.count < count, !chosen.contains(node) else { return }
            if covers(copies: covered, afterPlacing: bytes, on: chosen + [node]) { chosen.append(node) }
        }
    }

    private func covers(copies: Int, afterPlacing bytes: UInt64, on nodes: [NodeID]) -> Bool {
        var rest = self
        for node in nodes { rest.granted[node, default: 0] -= bytes }
        rest.settle(bytes)
        return rest.covers(0, copies: copies)
    }
}

extension SortedMap where Value == UInt64 {
    fileprivate subscript(key: Key, default value: UInt64) -> UInt64 {
        get { self[key] ?? value }
        set { self[key] = newValue }
    }
}
