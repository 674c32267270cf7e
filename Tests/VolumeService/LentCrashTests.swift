import BlockClient
import BlockStore
import Frames
import Resources
import Testing
import VolumeService
import Volumes

@Suite("Lent storage and power cuts")
struct LentCrashTests {
    private static let home = NodeID(high: 1, low: 1)
    private static let volumes = [VolumeID(high: 1, low: 1), VolumeID(high: 1, low: 2)]

    /// What a lender has acknowledged, and what it may have done besides.
    private struct Model {
        var sizes: [LeaseID: Set<Bytes>] = [:]
        var bound: [LeaseID: VolumeID] = [:]
        var ending: Set<LeaseID> = []
        /// Which are on their way out, and may be gone.
        var doubtful: Set<LeaseID> = []
        var blocks: [VolumeID: Set<UInt64>] = [:]
        /// A drop of them was begun.
        var dropping: Set<VolumeID> = []
        var next: UInt64 = 0
    }

    private enum Fault: Error { case disk }

    /// Asks as the home.
    private static func ask(_ lender: Lender, _ request: BlockRequest, _ volume: VolumeID, body: BlockContent? = nil) throws
        -> BlockReply
    {
        var message = FrameMessage(code: request.code, head: BlockMessage(request, of: volume).head)
        if let body { message = FrameMessage(code: request.code, head: message.head, body: body.bytes) }
        let reply = try lender.storage.answer(message, of: home)
        let answer = try BlockReply(code: reply.code, head: reply.head)
        if case .failed(.disk) = answer { throw Fault.disk }
        return answer
    }

    private static func work(_ lender: Lender, _ model: inout Model, _ random: inout SeededGenerator) throws {
        let volume = Bool.random(using: &random) ? volumes[0] : volumes[1]
        let known = model.sizes.keys.sorted()
        switch Int.random(in: 0..<12, using: &random) {
        case 0, 1:
            model.next += 1
            let (lease, size) = (Lender.lease(model.next), Bytes.kibibytes(.random(in: 64...512, using: &random)))
            model.sizes[lease] = [.zero, size]
            try open(lender, lease, size, &model)
        case 2:
            guard let lease = known.randomElement(using: &random), !model.ending.contains(lease) else { return }
            let size = Bytes.kibibytes(.random(in: 64...512, using: &random))
            model.sizes[lease]?.insert(size)
            try open(lender, lease, size, &model)
        case 3, 4:
            guard
                let lease = known.filter({ model.bound[$0] == nil && !model.ending.contains($0) }).randomElement(using: &random),
                !model.dropping.contains(volume)
            else { return }
            model.bound[lease] = volume
            model.doubtful.insert(lease)
            let answer = try ask(lender, .bind(lease), volume)
            if answer == .done { model.doubtful.remove(lease) } else { model.bound[lease] = nil }
        case 5...8:
            model.next += 1
            let block = ServedBlocks.block(model.next, 3000)
            guard try ask(lender, .put([block.put], isDurable: true), volume, body: block) == .stored(failures: [:]) else {
                return
            }
            model.blocks[volume, default: []].insert(model.next)
        case 9:
            guard let lease = known.randomElement(using: &random) else { return }
            model.ending.insert(lease)
            lender.storage.drain(lease, hold: .hours(1))
        case 10 where random.chance(.percent(20)):
            model.dropping.insert(volume)
            _ = try ask(lender, .drop(epoch: 0), volume)
        default: lender.storage.tend()
        }
        for lease in lender.closed { forget(lease, &model) }
    }

    private static func open(_ lender: Lender, _ lease: LeaseID, _ size: Bytes, _ model: inout Model) throws {
        do {
            try lender.storage.open(lease, size, of: home)
            model.sizes[lease] = [size]
        } catch LendingError.store(.disk) { throw Fault.disk } catch LendingError.noRoom {
            model.sizes[lease]?.remove(size)
            if model.sizes[lease] == [.zero] { model.sizes[lease] = nil }
        }
    }

    /// It is over: what was stored under it may be deleted.
    private static func forget(_ lease: LeaseID, _ model: inout Model) {
        model.sizes[lease] = nil
        model.ending.remove(lease)
        guard let volume = model.bound.removeValue(forKey: lease) else { return }
        if !model.bound.values.contains(volume) { model.blocks[volume] = nil }
    }

    @Test(
        "Whatever step is the last, no lease, binding or block that was acknowledged is lost, and nothing is left in the end",
        arguments: 0..<150 as Range<UInt64>)
    func anywhere(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var (place, model) = (LentPlace(), Model())
        for round in 0..<5 {
            let lender = try Lender(place, room: .mebibytes(4), segmentSize: .kibibytes(32))
            try Self.check(lender, &model, "seed \(seed), round \(round)")
            place.fail(after: .random(in: 5...80, using: &random), &random)
            do {
                for _ in 0..<60 { try Self.work(lender, &model, &random) }
            } catch Fault.disk {}
            place = LentPlace(after: place, &random)
        }
        let lender = try Lender(place, room: .mebibytes(4), segmentSize: .kibibytes(32))
        try Self.check(lender, &model, "seed \(seed), in the end")
        _ = lender.storage.reconcile([], hold: .minutes(1))
        lender.storage.tend()
        lender.advance(by: .hours(2))
        lender.storage.tend()
        #expect(lender.storage.report.setAside == .zero && lender.storage.report.leases.isEmpty, "seed \(seed)")
        #expect(place.volumes.isEmpty && lender.storage.report.volumes.isEmpty, "seed \(seed)")
    }

    private static func check(_ lender: Lender, _ model: inout Model, _ place: String) throws {
        let report = lender.storage.report
        #expect(report.setAside <= report.room, "\(place)")
        let found = Dictionary(uniqueKeysWithValues: report.leases.map { ($0.lease, $0) })
        for (lease, sizes) in model.sizes.sorted(by: { $0.key < $1.key }) {
            guard let there = found[lease] else {
                #expect(sizes.contains(.zero) || model.ending.contains(lease), "\(place): \(lease) is lost")
                forget(lease, &model)
                continue
            }
            #expect(sizes.contains(there.size), "\(place): \(lease)")
            model.sizes[lease] = [there.size]
            let volume = model.bound[lease]
            let isDropping = volume.map { model.dropping.contains($0) } ?? false
            #expect(there.volume == volume || model.doubtful.contains(lease) || isDropping, "\(place): \(lease) is not bound")
            model.bound[lease] = there.volume
            if there.held != nil { model.ending.insert(lease) } else { model.ending.remove(lease) }
        }
        for (volume, blocks) in model.blocks.sorted(by: { $0.key < $1.key }) {
            guard model.bound.values.contains(volume), !model.dropping.contains(volume) else {
                model.blocks[volume] = nil
                continue
            }
            for number in blocks.sorted() {
                let id = ServedBlocks.id(number)
                let summary = Checksum.summary(ServedBlocks.block(number, 3000).put.checksums)
                #expect(try ask(lender, .verify(id, checksum: summary), volume) == .done, "\(place): \(number) is lost")
            }
        }
        (model.doubtful, model.dropping) = ([], [])
    }
}
