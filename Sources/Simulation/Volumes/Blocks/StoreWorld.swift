import Resources
import Volumes

/// Writers, stores, and a home with its keeper: everything takes time, is carried out late or never, crashes, is cut off, spoils data
/// or lies; homes are replaced and go on for a while without knowing.
struct StoreWorld {
    /// Something on its way to a store.
    enum Errand {
        /// Of a keeper, by the epoch of its home.
        case keeper(step: UInt64, StoreRequest, epoch: UInt64)
        /// What was read from a source, on its way to the target of a copy.
        case arrival(step: UInt64, BlockID, isGood: Bool, from: NodeID, to: NodeID, epoch: UInt64)
        case put(writer: Int, BlockID, on: NodeID)
        case synchronize(writer: Int, BlockID, on: NodeID)
    }

    struct Writer {
        var block: BlockID
        var length: UInt32
        var stored: [NodeID] = []
        var asked: [NodeID]
        let place: UInt64
        var isWritten = false
    }

    var stores: [PlayedStore] = []
    /// The last is the one; the one before may not know that yet, and is heard of by nobody else.
    var homes: [PlayedHome] = []
    var writers: [Int: Writer] = [:]
    var errands: [Errand] = []
    /// Stores that nothing is heard of.
    var cut: Set<NodeID> = []
    var now = Instant(microseconds: 0)
    var random: SeededGenerator
    var count = 0
    /// Copies that were deleted because a keeper asked for it, or taken back with a store that it said was free.
    var deleted: Set<[NodeOrBlock]> = []
    var faults: [String] = []
    /// Whether something happened that could break a rule since that was looked at.
    var isChanged = false
    var tally = Tally()

    struct Tally { var (copies, deletions, evacuations, restarts, spoiled, written) = (0, 0, 0, 0, 0, 0) }

    var counts: SortedMap<String, Int> {
        SortedMap([
            ("copies made", tally.copies), ("blocks deleted", tally.deletions), ("stores left", tally.evacuations),
            ("homes", tally.restarts), ("copies spoiled", tally.spoiled), ("blocks written", tally.written),
        ])
    }
    enum NodeOrBlock: Hashable {
        case node(NodeID)
        case block(BlockID)
    }

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        let stores = Int.random(in: 4...6, using: &random)
        for number in 1...stores {
            let domain = Bool.random(using: &random) ? ["a", "b"].randomElement(using: &random) : nil
            let room = UInt64.random(in: 40...60, using: &random)
            self.stores.append(
                PlayedStore(NodeID(high: 0, low: UInt64(number)), domain: domain, capacity: room * PlayedStore.size))
        }
        homes = [PlayedHome(Self.volume, epoch: 1)]
        tellStores()
    }

    /// With an empty file.
    private static var volume: Volume<MemoryState> {
        var state = MemoryState()
        Volume.found(in: &state, capacity: 1 << 40, inodeLimit: 1000, owner: 0, group: 0, at: FileTime(rawValue: 0))
        guard let name = try? FileName("f") else { preconditionFailure("a name") }
        var volume = Volume(state)
        let new = NewInode(
            parent: .root, name: name, number: state.header.nextInode, kind: .regular, permissions: 0o644, owner: 0, group: 0)
        _ = volume.apply(Record(index: 1, epoch: 1, time: FileTime(rawValue: 1), operation: .make(new)))
        return volume
    }

    var home: PlayedHome { homes[homes.count - 1] }
    var file: InodeNumber { InodeNumber(rawValue: InodeNumber.root.rawValue + 1) }

    func place(of node: NodeID) -> Int? { stores.firstIndex { $0.node == node } }
    func isHeard(_ node: NodeID) -> Bool { place(of: node).map { stores[$0].isUp && !cut.contains(node) } ?? false }

    // MARK: What happens

    mutating func step(faults isFaulty: Bool = true) {
        now = now + .milliseconds(Int64.random(in: 0...4, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<50: runErrand()
        case 50..<60: startWriting()
        case 60..<72: goOnWriting()
        case 72..<80: makeDurable()
        case 80..<86: tellStores()
        case 86..<90: tell(.tick)
        case 90..<94: scrub()
        default: if isFaulty { breakSomething() }
        }
        if isChanged { check() }
        isChanged = false
    }

    mutating func tell(_ event: KeeperEvent, home place: Int? = nil) {
        let place = place ?? homes.count - 1
        let directives = homes[place].keeper.handle(event, homes[place].volume.state, at: now, using: &random)
        for directive in directives {
            switch directive {
            case .ask(let step, let request): errands.append(.keeper(step: step, request, epoch: homes[place].epoch))
            case .write(let operation):
                if case .place(let placements) = operation, place == homes.count - 1 { expectWhole(placements) }
                homes[place].write(operation)
                isChanged = true
            case .report(.evacuated(let node)): if place == homes.count - 1 { takeBack(node) }
            case .report, .wake: break
            }
        }
    }

    mutating func tellStores() {
        tell(.stores(stores.map { $0.condition(isHeard: isHeard($0.node)) }))
    }

    private mutating func scrub() {
        guard let store = stores.randomElement(using: &random), isHeard(store.node) else { return }
        for (block, isGood) in store.blocks.pairs where !isGood { tell(.damaged(block, on: store.node)) }
    }

    mutating func makeDurable() {
        let last = homes.count - 1
        homes[last].commit(Int.random(in: 0...8, using: &random))
        isChanged = true
        tell(.durable(homes[last].durable.state.header.applied))
    }

    // MARK: Writers

    mutating func startWriting() {
        guard writers.count < 4 else { return }
        count += 1
        let open = stores.filter { $0.phase == .open && isHeard($0.node) }.map(\.node).shuffled(using: &random)
        guard open.count >= 2 else { return }
        // A writer may not have heard of the last generation.
        let generation = home.volume.state.header.generation - UInt64(Int.random(in: 0...3, using: &random) / 3)
        let id = BlockID(generation: generation, using: &random)
        let asked = Array(open.prefix(2))
        writers[count] = Writer(block: id, length: 100, asked: asked, place: UInt64.random(in: 0..<16, using: &random))
        for node in asked { errands.append(.put(writer: count, id, on: node)) }
    }

    private mutating func goOnWriting() {
        guard let number = writers.keys.sorted().randomElement(using: &random), let writer = writers[number] else { return }
        // One that takes very long, or never comes back.
        guard Int.random(in: 0..<4, using: &random) == 0 else { return }
        if Int.random(in: 0..<30, using: &random) == 0 { writers[number] = nil }
        guard writer.stored.count == 2 else { return }
        writers[number] = nil
        let extent = Extent(offset: writer.place * 100, length: 100, source: .block(writer.block, offset: 0))
        let new = NewBlock(id: writer.block, length: 100, checksum: 0, replicas: writer.stored.sorted())
        let last = homes.count - 1
        let result = homes[last].write(.write([FileWrite(inode: file, extents: [extent])], blocks: [new], promised: 0))
        guard case .success = result else { return }
        isChanged = true
        tally.written += 1
        for node in writer.stored where deleted.contains([.block(writer.block), .node(node)]) {
            faults.append("\(writer.block) was deleted on \(node) before it got into a file")
        }
        tell(.written([writer.block]))
    }

    // MARK: What goes wrong

    private mutating func breakSomething() {
        isChanged = true
        guard let place = stores.indices.randomElement(using: &random) else { return }
        let node = stores[place].node
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<3: if isSpare(place, isWhole: false) { stores[place].crash() }
        case 3..<12: stores[place].isUp = true
        case 12..<15: cut.insert(node)
        case 15..<22: cut.remove(node)
        case 22..<25: spoil(place)
        case 25: if isSpare(place, isWhole: true) { stores[place].wipe() }
        case 26..<28: evacuate(place)
        case 28: stores[place].lie = stores[place].lie == 0 ? 100 * PlayedStore.size : 0
        case 29: stores[place].phase = stores[place].phase == .open ? .closed : stores[place].phase == .closed ? .open : .leaving
        case 30: restartHome()
        case 31: replaceHome()
        case 32..<34: loseErrands()
        default: break
        }
    }

    /// Whether nothing depends on a store alone. What a keeper works on now does not, by what it knows.
    private func isSpare(_ place: Int, isWhole: Bool) -> Bool {
        guard isWhole else { return true }
        return stores[place].blocks.pairs.allSatisfy { block, isGood in !isGood || isSpare(block, place) }
    }

    private func isSpare(_ block: BlockID, _ place: Int) -> Bool {
        // A writer that is about to put it into a file knows of no copy but its own two.
        guard !writers.values.contains(where: { $0.block == block }) else { return false }
        let states = [home.volume.state, home.durable.state].compactMap { $0.block(block) }
        guard states.contains(where: { $0.replicas.contains(stores[place].node) }) else { return !home.keeper.isMending(block) }
        let others =
            states.map { state in
                stores.filter { $0.node != stores[place].node && state.replicas.contains($0.node) && $0.hasGood(block) }.count
            }.min() ?? 0
        let isStill = states.count < 2 || states[0].replicas == states[1].replicas
        return others > 1 || others == 1 && isStill && !home.keeper.isMending(block)
    }

    private mutating func spoil(_ place: Int) {
        guard let block = stores[place].blocks.keys.randomElement(using: &random), isSpare(block, place) else { return }
        stores[place].spoil(block)
        tally.spoiled += 1
    }

    private mutating func evacuate(_ place: Int) {
        guard stores.filter({ $0.phase == .leaving }).count < 1, stores[place].phase != .leaving else {
            // It is called off.
            if stores[place].phase == .leaving, Int.random(in: 0..<3, using: &random) == 0 { stores[place].phase = .open }
            return
        }
        stores[place].phase = .leaving
    }

    /// A keeper says that a store has nothing any more: its owner takes everything back, and lends it anew.
    private mutating func takeBack(_ node: NodeID) {
        guard let place = place(of: node), stores[place].phase == .leaving else { return }
        tally.evacuations += 1
        for writer in writers.values { deleted.insert([.block(writer.block), .node(node)]) }
        for block in stores[place].blocks.keys {
            deleted.insert([.block(block), .node(node)])
            expectUnnamed(block, on: node)
        }
        for state in [home.volume.state, home.durable.state] where !state.blocks(on: node, after: nil, limit: 1).isEmpty {
            faults.append("\(node) was said to have nothing, and the metadata name blocks on it")
        }
        // Writers find the store gone.
        for number in writers.keys.sorted() where writers[number]?.stored.contains(node) == false { writers[number]?.asked = [] }
        errands.removeAll { if case .put(_, _, node) = $0 { true } else { false } }
        stores[place].wipe()
        stores[place].phase = .open
    }

    /// The home ends, and begins again with what was durable.
    private mutating func restartHome() {
        tally.restarts += 1
        homes = [PlayedHome(home.durable, epoch: home.epoch + 1)]
        for place in errands.indices.reversed() where Bool.random(using: &random) { errands.remove(at: place) }
        tellStores()
    }

    /// Another node takes over, and the old home goes on for a while; nothing that it writes is ever durable.
    private mutating func replaceHome() {
        tally.restarts += 1
        homes = [home, PlayedHome(home.durable, epoch: home.epoch + 1)]
        tellStores()
    }

    private mutating func loseErrands() {
        for place in errands.indices.reversed() where Int.random(in: 0..<3, using: &random) == 0 {
            let lost = errands.remove(at: place)
            answerLost(lost)
        }
    }
}
