import Resources
import Testing

@testable import Volumes

/// A volume with some blocks in a file, one behind the other.
struct KeptVolume {
    var volume = Volume()
    private let file: InodeNumber
    private var place: UInt64 = 0

    init() throws { file = try volume.make("f").number }

    mutating func add(_ number: UInt64, on nodes: [UInt64], length: UInt32 = 100) {
        let extent = Extent(offset: place, length: UInt64(length), source: .block(block(number), offset: 0))
        let new = NewBlock(id: block(number), length: length, checksum: 7, replicas: nodes.map(node))
        volume.perform(.write([FileWrite(inode: file, extents: [extent])], blocks: [new], promised: 0))
        place += UInt64(length)
    }

    mutating func remove() { volume.perform(.setAttributes(file, .size(0))) }
}

/// A keeper whose home does at once what it is asked to write.
struct DrivenKeeper {
    var kept: KeptVolume
    var keeper: Keeper
    var now = Instant(microseconds: 0)
    private var random = SeededGenerator(seed: 1)
    private(set) var operations: [Volumes.Operation] = []
    private(set) var notices: [KeeperNotice] = []
    private(set) var asked: [UInt64: StoreRequest] = [:]

    init(_ kept: KeptVolume, _ options: Keeper.Options = Keeper.Options(copies: 2)) {
        (self.kept, keeper) = (kept, Keeper(options, epoch: 1) { UInt64($0) })
    }

    mutating func tell(_ event: KeeperEvent) {
        for directive in keeper.handle(event, kept.volume.state, at: now, using: &random) {
            switch directive {
            case .ask(let step, let request): asked[step] = request
            case .write(let operation):
                operations.append(operation)
                kept.volume.perform(operation)
            case .report(let notice): notices.append(notice)
            case .wake: break
            }
        }
    }

    /// - Returns: what is asked now, in order.
    var requests: [StoreRequest] { asked.keys.sorted().compactMap { asked[$0] } }

    /// Answers all that is asked now.
    mutating func answer(_ answer: (StoreRequest) -> StoreAnswer?) {
        for (step, request) in asked.sorted(by: { $0.key < $1.key }) {
            guard let result = answer(request) else { continue }
            asked[step] = nil
            tell(.answered(step: step, result))
        }
    }

    mutating func answerUpkeep() {
        answer { request in
            switch request {
            case .raise: .done
            case .list: .listed([], areLast: true)
            default: nil
            }
        }
    }
}

private func store(
    _ number: UInt64, _ phase: StoreCondition.Phase = .open, free: UInt64 = 1 << 30, rate: UInt64? = nil
) -> StoreCondition { StoreCondition(node(number), phase: phase, free: free, copyRate: rate) }

@Suite("What a keeper does")
struct KeeperTests {
    /// Stores that list what they have are told by the volume.
    private func driven(_ kept: KeptVolume, _ conditions: [StoreCondition]) -> DrivenKeeper {
        var driven = DrivenKeeper(kept)
        driven.tell(.stores(conditions))
        let state = kept.volume.state
        driven.answer { request in
            guard case .raise = request else { return nil }
            return .done
        }
        driven.answer { request in
            guard case .list(let node, _, _) = request else { return nil }
            return .listed(state.blocks(on: node, after: nil, limit: 1000).map(\.id), areLast: true)
        }
        return driven
    }

    @Test("a block that has lost a copy gets another, verified before it counts, and the lost one stays named")
    func repair() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2])
        var driven = driven(kept, [store(1), store(2, .lost), store(3)])
        #expect(driven.requests == [.copy(block(1), length: 100, checksum: 7, from: node(1), to: node(3))])
        driven.answer { _ in .done }
        #expect(driven.operations == [])
        #expect(driven.requests == [.verify(block(1), checksum: 7, on: node(3))])
        driven.answer { _ in .done }
        #expect(driven.operations == [.place([BlockPlacement(block: block(1), replicas: [1, 2, 3].map(node))])])
    }

    @Test("the block with fewest copies is copied first")
    func urgency() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2, 4])
        kept.add(2, on: [1, 4])
        var options = Keeper.Options(copies: 3)
        options.mostJobs = 1
        var driven = DrivenKeeper(kept, options)
        driven.tell(.stores([store(1), store(2), store(3), store(4, .lost), store(5)]))
        driven.answerUpkeep()
        let copied = driven.requests.compactMap { if case .copy(let block, _, _, _, _) = $0 { block } else { nil } }
        #expect(copied == [block(2)])
    }

    private struct Unexpected: Error {}

    @Test("a damaged copy is replaced where it is from a good one, and no metadata change")
    func damage() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2])
        var driven = driven(kept, [store(1), store(2), store(3)])
        driven.tell(.damaged(block(1), on: node(2)))
        #expect(driven.requests == [.copy(block(1), length: 100, checksum: 7, from: node(1), to: node(2))])
        driven.answer { _ in .done }
        driven.answer { _ in .done }
        #expect(driven.operations == [])
        #expect(driven.notices == [.damaged(block(1), on: node(2)), .replaced(block(1), on: node(2))])
    }

    @Test("what a store has lost is found when it lists what it has")
    func missing() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2])
        var driven = DrivenKeeper(kept)
        driven.tell(.stores([store(1), store(2)]))
        driven.answer { _ in .done }
        for _ in 1...2 {
            #expect(driven.notices == [], "it is asked twice")
            driven.answer { request in
                guard case .list(let node, _, _) = request else { return nil }
                return .listed(node == store(1).node ? [block(1)] : [], areLast: true)
            }
        }
        #expect(driven.notices == [.damaged(block(1), on: node(2))])
    }

    @Test("what a writer puts there while a store lists what it has is not missing")
    func putMeanwhile() throws {
        var driven = DrivenKeeper(try KeptVolume())
        driven.tell(.stores([store(1), store(2)]))
        driven.answer { _ in .done }
        driven.kept.add(1, on: [1, 2])
        driven.answerUpkeep()
        driven.kept.add(2, on: [1, 2])
        driven.answer { if case .list = $0 { .listed([block(1)], areLast: true) } else { nil } }
        #expect(driven.notices == [] && driven.requests == [])
    }

    @Test("what lacks copies is counted by how many good ones there are; what only has to be moved lacks none")
    func counts() throws {
        var kept = try KeptVolume()
        for number in UInt64(1)...3 { kept.add(number, on: [1, 2]) }
        kept.add(4, on: [2, 3])
        var driven = driven(kept, [store(1), store(2), store(3, .lost)])
        #expect(driven.keeper.standing.lacking.blocks == 1 && driven.keeper.standing.single.blocks == 1)
        #expect(driven.keeper.standing.single.bytes > 0 && driven.keeper.standing.isSurveyed)
        driven.tell(.stores([store(1, .leaving), store(2), store(3)]))
        #expect(driven.keeper.standing.lacking.blocks == 0)
        #expect(driven.keeper.standing.underway + driven.keeper.standing.waiting >= 3)
        driven.tell(.stores([store(1), store(2, .lost), store(3, .lost)]))
        #expect(driven.keeper.standing.lacking.blocks == 4)
        #expect(driven.keeper.standing.unreachable.blocks == 1 && driven.keeper.standing.single.blocks == 3)
    }

    @Test("what lacks copies is counted also where it is more than can be kept in mind")
    func countsOfMany() throws {
        var kept = try KeptVolume()
        for number in UInt64(1)...10 { kept.add(number, on: [1, 2]) }
        for number in UInt64(11)...15 { kept.add(number, on: [2, 3]) }
        var options = Keeper.Options(copies: 2)
        (options.mostQueued, options.mostJobs) = (3, 1)
        var driven = DrivenKeeper(kept, options)
        driven.tell(.stores([store(1), store(2, .lost), store(3, .lost)]))
        driven.answerUpkeep()
        let standing = driven.keeper.standing
        #expect(standing.single.blocks == 10 && standing.single.bytes == 1000)
        #expect(standing.unreachable.blocks == 5 && standing.lacking.blocks == 15)
        #expect(standing.waiting + standing.underway == 10)
    }

    @Test("what has no good copy is counted once, however much waits")
    func countsOfDamaged() throws {
        var kept = try KeptVolume()
        for number in UInt64(1)...5 { kept.add(number, on: [1, 2]) }
        var options = Keeper.Options(copies: 2)
        (options.mostQueued, options.mostJobs) = (1, 1)
        var driven = DrivenKeeper(kept, options)
        driven.tell(.stores([store(1), store(2)]))
        for number in UInt64(1)...5 {
            for holder in [1, 2] as [UInt64] { driven.tell(.damaged(block(number), on: node(holder))) }
        }
        #expect(driven.keeper.standing.unreachable.blocks == 5 && driven.keeper.standing.lacking.blocks == 5)
    }

    @Test("when every copy is said to be damaged they are looked at again, and one that is whole after all counts")
    func wrongAlarm() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2])
        var driven = driven(kept, [store(1), store(2)])
        driven.tell(.damaged(block(1), on: node(1)))
        driven.answer { _ in .failed(node(2)) }
        driven.tell(.damaged(block(1), on: node(2)))
        #expect(driven.notices.last == .unreachable(block(1), on: [1, 2].map(node)))
        driven.now = driven.now + .seconds(1)
        driven.tell(.tick)
        #expect(driven.requests == [1, 2].map { .verify(block(1), checksum: 7, on: node($0)) })
        driven.answer { request in
            guard case .verify(_, _, let node) = request, node == store(1).node else { return .damaged(store(2).node) }
            return .done
        }
        driven.now = driven.now + .seconds(2)
        driven.tell(.tick)
        #expect(driven.requests == [.copy(block(1), length: 100, checksum: 7, from: node(1), to: node(2))])
    }

    @Test("a node is left only when the copies elsewhere were verified, and nothing is deleted before that is durable")
    func leaving() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2, 3])
        var driven = driven(kept, [store(1), store(2), store(3, .leaving)])
        #expect(driven.requests == [1, 2].map { .verify(block(1), checksum: 7, on: node($0)) })
        driven.answer { _ in .done }
        #expect(driven.operations == [.place([BlockPlacement(block: block(1), replicas: [1, 2].map(node))])])
        driven.tell(.tick)
        #expect(driven.requests == [])
        driven.tell(.durable(driven.kept.volume.state.header.applied))
        #expect(driven.requests == [.delete([block(1)], on: node(3), BlockFence(epoch: 1))])
    }

    @Test("who waits for a node to be left does not wait as long for generations as waste does")
    func shortGenerations() throws {
        var driven = driven(try KeptVolume(), [store(1), store(2), store(3, .leaving)])
        for count in 1...2 {
            driven.now = driven.now + .seconds(12)
            driven.tell(.tick)
            #expect(driven.operations == Array(repeating: .advance, count: count))
        }
        driven.tell(.durable(driven.kept.volume.state.header.applied))
        driven.answerUpkeep()
        #expect(driven.notices == [.evacuated(node(3))])
    }

    @Test("a node is left only when waste that came there late is deleted, too")
    func lateWaste() throws {
        var random = SeededGenerator(seed: 3)
        let waste = BlockID(generation: 1, using: &random)
        var driven = driven(try KeptVolume(), [store(1), store(2), store(3, .leaving)])
        for _ in 1...2 {
            driven.now = driven.now + .seconds(12)
            driven.tell(.tick)
        }
        driven.tell(.durable(driven.kept.volume.state.header.applied))
        func list(_ blocks: [BlockID]) {
            driven.answer { if case .list(node(3), _, _) = $0 { .listed(blocks, areLast: true) } else { nil } }
        }
        list([waste])
        #expect(driven.requests == [.delete([waste], on: node(3), BlockFence(epoch: 1))])
        #expect(driven.notices == [])
        driven.answer { _ in .done }
        driven.now = driven.now + .seconds(1)
        driven.tell(.tick)
        list([])
        #expect(driven.notices == [.evacuated(node(3))])
    }

    @Test("a node is not left by a block whose other copy turns out to be damaged")
    func damagedElsewhere() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2, 3])
        var driven = driven(kept, [store(1), store(2), store(3, .leaving)])
        driven.answer { request in
            guard case .verify(_, _, let node) = request else { return nil }
            return node == store(2).node ? .damaged(node) : .done
        }
        #expect(driven.operations == [] && driven.notices == [.damaged(block(1), on: node(2))])
        driven.now = driven.now + .seconds(1)
        driven.tell(.tick)
        #expect(driven.requests.count == 1)
        guard case .copy(_, _, _, _, node(2))? = driven.requests.first else { throw Unexpected() }
    }

    @Test("nothing is put on a store of which it is not known what it has deleted, before it knows a later fence")
    func doubts() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2, 3])
        var driven = driven(kept, [store(1), store(2), store(3, .leaving)])
        driven.answer { _ in .done }
        driven.tell(.durable(driven.kept.volume.state.header.applied))
        driven.answer { _ in .failed(node(3)) }
        driven.now = driven.now + .seconds(1)
        driven.tell(.tick)
        #expect(driven.requests == [.raise(on: node(3), BlockFence(epoch: 1, term: 1))])
        driven.answer { _ in .done }
        #expect(driven.requests == [.delete([block(1)], on: node(3), BlockFence(epoch: 1, term: 1))])
    }

    @Test("what no file refers to is forgotten, and deleted when that is durable")
    func dead() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2])
        kept.remove()
        var driven = driven(kept, [store(1), store(2)])
        #expect(driven.operations == [.forget([block(1)])])
        #expect(driven.requests == [])
        driven.tell(.durable(driven.kept.volume.state.header.applied))
        #expect(driven.requests == [1, 2].map { .delete([block(1)], on: node($0), BlockFence(epoch: 1)) })
    }

    @Test("a store works within what its owner allows")
    func rates() throws {
        var kept = try KeptVolume()
        for number in 1...10 as ClosedRange<UInt64> { kept.add(number, on: [1, 2], length: 1000) }
        var driven = DrivenKeeper(kept)
        driven.tell(.stores([store(1), store(2, .lost), store(3, rate: 1000)]))
        driven.answerUpkeep()
        func copies() -> Int {
            driven.requests.count { if case .copy = $0 { true } else { false } }
        }
        #expect(copies() == 1)
        driven.now = driven.now + .milliseconds(999)
        driven.tell(.tick)
        #expect(copies() <= 2)
        driven.now = driven.now + .seconds(2)
        driven.tell(.tick)
        #expect((2...3).contains(copies()))
    }

    @Test("what a writer has stored is deleted only when it can get into no file any more")
    func generations() throws {
        var random = SeededGenerator(seed: 3)
        let young = BlockID(generation: 1, using: &random)
        var driven = DrivenKeeper(try KeptVolume())
        driven.tell(.stores([store(1)]))
        driven.answer { _ in .done }
        func list() {
            driven.answer { request in
                guard case .list = request else { return nil }
                return .listed([young], areLast: true)
            }
        }
        for generation in 1...3 as ClosedRange<UInt64> {
            #expect(driven.kept.volume.state.header.generation == generation)
            list()
            driven.tell(.durable(driven.kept.volume.state.header.applied))
            let isDeleted = driven.requests.contains { if case .delete = $0 { true } else { false } }
            #expect(isDeleted == (generation == 3))
            driven.now = driven.now + .seconds(60)
            driven.tell(.tick)
        }
        let late = NewBlock(id: young, length: 1, checksum: 0, replicas: [node(1)])
        #expect(driven.kept.volume.perform(.write([], blocks: [late], promised: 0)) == .failure(.canceled))
    }
}

@Suite("Room for what is on a node that is left")
struct EvacuationTests {
    private func plan(_ kept: KeptVolume, _ stores: [StoreCondition]) -> EvacuationPlan {
        EvacuationPlan(leaving: node(1), kept.volume.state, StoreMap(stores), copies: 2) { UInt64($0) }
    }

    @Test("what has enough copies elsewhere needs no room")
    func enough() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2, 3])
        kept.add(2, on: [2, 3])
        let plan = plan(kept, [store(1), store(2, free: 0), store(3, free: 0)])
        #expect((plan.blocks, plan.bytes, plan.copiedBlocks, plan.needed, plan.shortfall) == (1, 100, 0, 0, 0))
        #expect(throws: Never.self) { try plan.require(node(1)) }
    }

    @Test("it is refused with how much is short, also where the room is on nodes that have the block already")
    func short() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2])
        kept.add(2, on: [1, 2])
        kept.add(3, on: [1, 3])
        let plan = plan(kept, [store(1), store(2, free: 1000), store(3, free: 150)])
        #expect((plan.blocks, plan.copiedBlocks, plan.needed, plan.shortfall) == (3, 3, 300, 100))
        #expect(plan.shares.mapValues(\.taken) == [node(2): 100, node(3): 100])
        #expect(plan.shares.mapValues(\.free) == [node(2): 1000, node(3): 150])
        #expect(throws: EvacuationRefusal(node: node(1), needed: 300, shortfall: 100)) { try plan.require(node(1)) }
    }

    @Test("progress counts what is left, and how long that takes")
    func progress() throws {
        var kept = try KeptVolume()
        kept.add(1, on: [1, 2], length: 1500)
        kept.add(2, on: [1, 2], length: 1500)
        let keeper = Keeper(Keeper.Options(copies: 2), epoch: 1) { UInt64($0) }
        let progress = EvacuationProgress(of: node(1), keeper, kept.volume.state, rate: 1000)
        #expect((progress.left.blocks, progress.left.bytes, progress.timeLeft) == (2, 3000, .seconds(3)))
        #expect(EvacuationProgress(of: node(1), keeper, kept.volume.state, rate: 0).timeLeft == nil)
    }
}
