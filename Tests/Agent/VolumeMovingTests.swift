import BlockClient
import Foundation
import Frames
import LedgerStore
import Resources
import Testing
import VolumeService
import Volumes

@testable import Agent

@Suite("Homes of volumes that move")
struct VolumeMovingTests {
    private static func node(_ number: UInt64) -> NodeID { NodeID(high: 1, low: number) }
    private static func volume(_ number: UInt64) -> VolumeID { VolumeID(high: 1, low: number) }

    // MARK: What was deleted

    @Test("That a volume is deleted is believed of those that keep its journal, and of no home of before")
    func deletion() {
        let told = PoolVolumes.Told(node: Self.node(3), deleted: [(Self.volume(1), epoch: 5)])
        #expect(told.hasDeleted(Self.volume(1), keptBy: [Self.node(1), Self.node(3)], since: 4))
        #expect(told.hasDeleted(Self.volume(1), keptBy: [Self.node(3)], since: 5))
        #expect(!told.hasDeleted(Self.volume(1), keptBy: [Self.node(3)], since: 6))
        #expect(!told.hasDeleted(Self.volume(1), keptBy: [Self.node(1), Self.node(2)], since: 4))
        #expect(!told.hasDeleted(Self.volume(2), keptBy: [Self.node(3)], since: 4))
    }

    @Test("What was deleted is known after a restart, the last ones of many")
    func memory() async throws {
        let scratch = NSTemporaryDirectory() + "surplus-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let store = try LedgerStore(directory: scratch)
        let deleted = try DeletedVolumes(in: store)
        let all = (0...DeletedVolumes.most).map { number in
            DeletedVolume(volume: Self.volume(UInt64(number)), epoch: 2, at: Timestamp(microseconds: Int64(number)))
        }
        for one in all { try await deleted.add(one) }
        #expect(deleted.all == all.dropFirst().reversed())
        #expect(try DeletedVolumes(in: store).all == deleted.all)
    }

    // MARK: Who lends instead of others

    @Test("Others are asked before those that the volume has left, and nobody who is taking room back")
    func candidates() {
        let (members, all) = ((1...4).map(Self.node), { (numbers: [UInt64]) in numbers.map(Self.node) })
        var holding = VolumeHolding(volume: Self.volume(1), share: .mebibytes(64), nodes: [], wanted: 3)
        #expect(holding.candidates(among: members, besides: all([1, 2])) == all([3, 4]))
        holding.leave(Self.node(3))
        #expect(holding.wanted == 2)
        #expect(holding.candidates(among: members, besides: all([1, 2])) == all([4]))
        holding.leaving = []
        holding.leftBehind(all([3]))
        #expect(holding.candidates(among: members, besides: all([1, 2])) == all([4]))
        #expect(holding.candidates(among: members, besides: all([1, 2, 4])) == all([3]), "better than too few copies")
        #expect(holding.candidates(among: members, besides: all([1, 2, 3, 4])).isEmpty)
        holding.nodes = all([1, 2])
        #expect(holding.candidates(among: members, besides: all([1])) == all([2]))
        #expect(holding.candidates(among: all([1, 3, 4]), besides: all([1])) == all([4]), "one that was named is gone")
    }

    @Test("Anybody may take the place of one that a volume is made to leave, and is named for that one then")
    func successors() {
        let (members, all) = ((1...4).map(Self.node), { (numbers: [UInt64]) in numbers.map(Self.node) })
        var holding = VolumeHolding(volume: Self.volume(1), share: .mebibytes(64), nodes: all([1, 2]), wanted: 2)
        #expect(holding.candidates(inPlaceOf: Self.node(2), among: members, besides: all([1, 2])) == all([3, 4]))
        holding.leave(Self.node(2), for: Self.node(4))
        #expect(holding.nodes == all([1, 4]) && holding.wanted == 2)
        #expect(holding.candidates(among: members, besides: all([1])) == all([4]))
        holding.leave(Self.node(1))
        #expect(holding.nodes == all([4]) && holding.wanted == 1)
    }

    @Test("Who was asked for room to leave a node is left again where that one is not")
    func successorTakenBack() {
        var holding = VolumeHolding(volume: Self.volume(1), share: .mebibytes(64), nodes: [], wanted: 2)
        holding.successor = Self.node(3)
        holding.giveUpSuccessor(isLender: false)
        #expect(holding.leaving.isEmpty && holding.successor == nil)
        holding.successor = Self.node(3)
        holding.giveUpSuccessor(isLender: true)
        #expect(holding.leaving == [Self.node(3)] && holding.successor == nil && holding.wanted == 2)
        holding.successor = Self.node(4)
        holding.leave(Self.node(1), for: Self.node(4))
        #expect(holding.leaving == [Self.node(3), Self.node(1)] && holding.successor == nil)
    }

    @Test("Lenders that were away when a volume was deleted are remembered until they have nothing of it")
    func owing() async throws {
        let scratch = NSTemporaryDirectory() + "surplus-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let store = try LedgerStore(directory: scratch)
        let deleted = try DeletedVolumes(in: store)
        let gone = DeletedVolume(
            volume: Self.volume(1), epoch: 2, at: Timestamp(microseconds: 1), owing: [Self.node(2): 7, Self.node(3): 8])
        try await deleted.add(gone)
        try await deleted.add(DeletedVolume(volume: Self.volume(2), epoch: 2, at: Timestamp(microseconds: 2)))
        try await deleted.settle(gone.volume, on: [Self.node(2)])
        let again = try DeletedVolumes(in: store)
        #expect(again.unfinished.map(\.owing) == [[Self.node(3): 8]])
        try await again.settle(gone.volume, on: [Self.node(3)])
        #expect(again.unfinished.isEmpty)
        #expect(try DeletedVolumes(in: store).all.count == 2)
    }

    @Test("A lender is held until nothing is left on it, also when its lease is forgotten, and after a restart")
    func drainingLenders() throws {
        let leases = (1...4 as ClosedRange<UInt64>).map { LeaseID(high: 1, low: $0) }
        var holding = VolumeHolding(volume: Self.volume(1), leases: leases, share: .mebibytes(64), nodes: [])
        holding.lenders = [leases[0]: Self.node(1), leases[1]: Self.node(2), leases[2]: Self.node(2)]
        holding = try JSONDecoder().decode(VolumeHolding.self, from: try JSONEncoder().encode(holding))
        #expect(holding.draining(besides: [leases[0]]) == [Self.node(2)])
        #expect(holding.over(besides: [leases[0]], emptied: []) == [leases[3]], "of which nobody knows who lent it")
        #expect(holding.over(besides: [leases[0]], emptied: [Self.node(1)]) == [leases[3]])
        #expect(holding.over(besides: [leases[0]], emptied: [Self.node(2)]) == Array(leases[1...3]))
        #expect(holding.draining(besides: Set(leases)).isEmpty)
        #expect(holding.over(besides: [leases[0], leases[2]], emptied: []) == [leases[1], leases[3]], "node 2 lends on")
        #expect(holding.draining(besides: [leases[0], leases[2]]).isEmpty)
    }

    // MARK: Who lends to a new home

    @Test("The lenders of a volume are asked by one round at a time, and again after a pause")
    func rounds() {
        let (adoptions, volume) = (Adoptions(), Self.volume(1))
        let start = Instant(microseconds: 1_000_000)
        #expect(adoptions.isDue(volume, at: start))
        #expect(adoptions.begin(volume))
        #expect(!adoptions.begin(volume))
        #expect(adoptions.begin(Self.volume(2)))
        adoptions.end(volume, at: start)
        #expect(!adoptions.isDue(volume, at: start + .seconds(14)))
        #expect(adoptions.isDue(volume, at: start + .seconds(15)))
        #expect(adoptions.begin(volume))
    }

    @Test("Who has something of a volume is known until it lends to the new home, also after a restart")
    func lenders() throws {
        var holding = VolumeHolding(volume: Self.volume(1), share: .zero, nodes: [], formerLenders: (1...3).map(Self.node))
        #expect(holding.foundOn.isEmpty)
        holding.found(on: [Self.node(2): false])
        holding.found(on: [Self.node(1): true])
        #expect(holding.foundOn == [Self.node(1), Self.node(2)])
        #expect(holding.hasOnlyRemains(on: Self.node(2)))
        #expect(!holding.hasOnlyRemains(on: Self.node(1)))
        #expect(!holding.hasOnlyRemains(on: Self.node(3)), "it was not asked yet")
        holding = try JSONDecoder().decode(VolumeHolding.self, from: try JSONEncoder().encode(holding))
        holding.part(with: Self.node(1))
        #expect(holding.foundOn == [Self.node(2)])
        #expect(holding.formerLenders == [Self.node(2), Self.node(3)])
    }

    @Test("A home that gets a volume back asks all that may have something of it, and keeps what it has still borrowed")
    func cameBack() throws {
        var holding = VolumeHolding(
            volume: Self.volume(1), leases: [LeaseID(high: 1, low: 1)], share: .mebibytes(64), nodes: [])
        holding.movedSince = Timestamp(microseconds: 1)
        holding = try JSONDecoder().decode(VolumeHolding.self, from: try JSONEncoder().encode(holding))
        #expect(holding.movedSince != nil)
        holding.comeBack(asking: (1...3).map(Self.node))
        #expect(holding.movedSince == nil && holding.formerLenders == (1...3).map(Self.node) && holding.leases.count == 1)
    }

    @Test("A node whose disk cannot be used is not one that has nothing of a volume")
    func unusable() {
        #expect(BlockError.call(.refused(FrameRefusal(.unknown, "this node knows no request 1"))).hasNothing)
        #expect(BlockError.store(.notLent(Self.volume(1))).hasNothing)
        #expect(!BlockError.call(.refused(UnusableStorage.refusal)).hasNothing)
    }

    @Test("What is in vain is tried again later and later, one piece at a time, and at once when it was done meanwhile")
    func attempts() {
        let (attempts, volume) = (Attempts(), Self.volume(1))
        var now = Instant(microseconds: 1_000_000)
        for pause in [15, 30, 60, 120, 240, 480, 600, 600] as [Int64] {
            #expect(attempts.isDue(volume, at: now))
            #expect(attempts.begin(volume))
            #expect(!attempts.begin(volume))
            attempts.end(volume, isDone: false, at: now)
            #expect(!attempts.isDue(volume, at: now + .seconds(pause - 1)))
            now = now + .seconds(pause)
        }
        #expect(attempts.isDue(Self.volume(2), at: now))
        #expect(attempts.begin(volume))
        attempts.end(volume, isDone: true, at: now)
        #expect(attempts.isDue(volume, at: now))
        #expect(attempts.begin(volume))
        attempts.end(volume, isDone: false, at: now)
        attempts.forget(volume)
        #expect(attempts.isDue(volume, at: now))
    }
}
