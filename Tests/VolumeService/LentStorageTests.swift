import BlockClient
import BlockStore
import FrameKit
import Frames
import Resources
import Testing
import VolumeService
import Volumes

@Suite("Lent storage", .timeLimit(.minutes(2)))
struct LentStorageTests {
    private let volume = Lender.volume
    private let other = VolumeID(high: 2, low: 2)

    private func lease(_ number: UInt64) -> LeaseID { Lender.lease(number) }

    /// A lender, the home of a volume that has borrowed a lease of it, and a client, both calling it.
    private func served(
        _ lender: Lender, size: Bytes = .mebibytes(8), _ body: (Scene) async throws -> Void
    ) async throws {
        let peers = try FramePeers()
        let (home, client) = (try peers.node("home"), try peers.node("client"))
        try lender.storage.open(lease(1), size, of: home.node)
        try await lender.serving(of: peers) { served in
            try await served.calling(as: home) { homePool in
                try await served.calling(as: client) { clientPool in
                    try await body(
                        Scene(
                            lender: lender, home: BlockPeer(homePool), client: BlockPeer(clientPool),
                            homeNode: home.node, clientNode: client.node))
                }
            }
        }
    }

    private struct Scene {
        let lender: Lender
        let home: BlockPeer
        let client: BlockPeer
        let homeNode: NodeID
        let clientNode: NodeID
        var storage: LentStorage { lender.storage }

        /// The home uses the lease for the volume, and lets the client in.
        func begin() async throws {
            try await home.answer(to: .bind(Lender.lease(1), to: Lender.volume))
            try await home.answer(to: .admit([clientNode], heirs: [], epoch: 1, to: Lender.volume))
        }

        /// Puts blocks until no more are taken.
        func fill(from first: UInt64 = 0) async throws -> UInt64 {
            var next = first
            while try await client.put([ServedBlocks.block(next, 20_000)]).isEmpty { next += 1 }
            return next - first
        }
    }

    private func refusal(_ error: BlockError?) -> FrameRefusal.Kind? {
        if case .call(.refused(let refusal)) = error { refusal.kind } else { nil }
    }

    // MARK: Rights

    @Test("A volume has no room until its home has bound a lease; then the home decides and says who uses it")
    func rights() async throws {
        try await served(try Lender()) { scene in
            let (home, client) = (scene.home, scene.client)
            #expect(await client.failure(.put([ServedBlocks.block(1)], of: volume)) == .store(.notLent(volume)))
            #expect(await home.failure(.usage(volume)) == .store(.notLent(volume)))
            try await home.answer(to: .bind(lease(1), to: volume))
            try await home.answer(to: .bind(lease(1), to: volume))
            #expect(try await home.answer(to: .usage(volume)).capacity == .mebibytes(8))
            #expect(refusal(await client.failure(.put([ServedBlocks.block(1)], of: volume))) == .notPermitted)
            try await home.answer(to: .admit([scene.clientNode], heirs: [], epoch: 1, to: volume))
            try await client.put([ServedBlocks.block(1)])
            _ = try await client.answer(to: .usage(volume))
            for call in [
                BlockCall.delete([ServedBlocks.id(1)], of: volume, epoch: 9), .raise(9, of: volume), .drop(volume, epoch: 9),
                .admit([], heirs: [], epoch: 9, to: volume), .releaseAll(of: scene.homeNode, of: volume),
            ] { #expect(refusal(await client.failure(call)) == .notPermitted) }
            try await home.answer(to: .admit([], heirs: [], epoch: 1, to: volume))
            #expect(refusal(await client.failure(.read(ServedBlocks.id(1), of: volume))) == .notPermitted)
            #expect(try await home.answer(to: .read(ServedBlocks.id(1), of: volume)).bytes == ServedBlocks.block(1).bytes)
            let deposed = BlockError.store(.deposed(volume, epoch: 0, current: 1))
            #expect(await home.failure(.admit([], heirs: [], epoch: 0, to: volume)) == deposed)
        }
    }

    @Test("Who takes a volume over borrows the room that it has already, where there is no other, for that volume and not twice")
    func takenOver() async throws {
        try await served(try Lender(room: .mebibytes(8))) { scene in
            try await scene.begin()
            try await scene.client.put([ServedBlocks.block(1)])
            let (storage, client) = (scene.storage, scene.clientNode)
            func isRefused(_ number: UInt64, _ size: Bytes, _ node: NodeID) -> Bool {
                do throws(LendingError) { try storage.open(lease(number), size, of: node) } catch {
                    return if case .noRoom = error { true } else { false }
                }
                return false
            }
            #expect(isRefused(2, .mebibytes(8), client))
            try await scene.home.answer(to: .admit([], heirs: [client], epoch: 2, to: volume))
            try storage.open(lease(2), .mebibytes(8), of: client)
            #expect(isRefused(3, .mebibytes(1), client))
            #expect(await scene.client.failure(.bind(lease(2), to: other)) == .store(.full(needed: .mebibytes(8), free: .zero)))
            try await scene.client.answer(to: .bind(lease(2), to: volume))
            #expect(isRefused(3, .mebibytes(1), scene.homeNode) && isRefused(3, .mebibytes(1), client))
            storage.drain(lease(1), hold: .days(1))
            storage.tend()
            #expect(scene.lender.closed == [lease(1)])
            #expect(try await scene.client.answer(to: .usage(volume)).capacity == .mebibytes(8))
            #expect(isRefused(3, .mebibytes(1), client))
        }
    }

    @Test("Nobody uses another's lease, nor one lease for two volumes, nor takes a volume over that it is no heir of")
    func binding() async throws {
        try await served(try Lender()) { scene in
            try await scene.begin()
            func fault(_ peer: BlockPeer, _ number: UInt64, _ volume: VolumeID) async -> LeaseID? {
                let error = await peer.failure(.bind(self.lease(number), to: volume))
                return if case .store(.lease(let lease, _)) = error { lease } else { nil }
            }
            #expect(await fault(scene.client, 1, volume) == lease(1))
            #expect(await fault(scene.home, 1, other) == lease(1))
            #expect(await fault(scene.home, 7, volume) == lease(7))
            try scene.storage.open(lease(2), .mebibytes(4), of: scene.clientNode)
            #expect(await fault(scene.client, 2, volume) == lease(2))
            try await scene.home.answer(to: .admit([], heirs: [scene.clientNode], epoch: 2, to: volume))
            try await scene.client.answer(to: .bind(lease(2), to: volume))
            #expect(try await scene.client.answer(to: .usage(volume)).capacity == .mebibytes(8), "they share it")
            try await scene.client.answer(to: .raise(3, of: volume))
            let deposed = BlockError.store(.deposed(volume, epoch: 2, current: 3))
            #expect(await scene.home.failure(.drop(volume, epoch: 2)) == deposed)
            #expect(await scene.home.failure(.admit([], heirs: [], epoch: 2, to: volume)) == deposed)
        }
    }

    // MARK: Room

    @Test("No more is set aside than the owner lends, nor than the file system has; what is there already stays")
    func room() throws {
        let lender = try Lender(room: .mebibytes(10))
        let node = NodeID(high: 1, low: 1)
        try lender.storage.open(lease(1), .mebibytes(6), of: node)
        #expect(throws: LendingError.noRoom(needed: .mebibytes(5), left: .mebibytes(4))) {
            try lender.storage.open(lease(2), .mebibytes(5), of: node)
        }
        #expect(throws: LendingError.noRoom(needed: .mebibytes(5), left: .mebibytes(4))) {
            try lender.storage.give(.mebibytes(5), to: volume)
        }
        lender.place.setFree(.mebibytes(8))
        #expect(throws: LendingError.diskFull(needed: .mebibytes(3), left: .mebibytes(2))) {
            try lender.storage.open(lease(1), .mebibytes(9), of: node)
        }
        #expect(throws: LendingError.borrowed(lease(1), by: node)) {
            try lender.storage.open(lease(1), .mebibytes(1), of: NodeID(high: 2, low: 2))
        }
        #expect(lender.storage.report.setAside == .mebibytes(6) && lender.storage.report.leases.count == 1)
        lender.place.setFree(.mebibytes(1))
        try lender.storage.open(lease(1), .mebibytes(6), of: node)
        try lender.storage.open(lease(1), .mebibytes(5), of: node)
        #expect(lender.storage.report.setAside == .mebibytes(5))
    }

    @Test("Dead blocks are won back however few they are, once somebody wants their room")
    func wanted() async throws {
        try await served(try Lender()) { scene in
            try await scene.begin()
            let count = try await scene.fill()
            let dead = stride(from: 0, to: count, by: 3).map { ServedBlocks.block($0, 20_000).put.block }
            try await scene.home.answer(to: .delete(dead, of: volume, epoch: 1))
            scene.storage.tend()
            let before = try await scene.client.answer(to: .usage(volume))
            #expect(before.dead > .mebibytes(2) && before.free < .mebibytes(1), "nobody wanted it")
            #expect(await scene.client.failure(.grant(.mebibytes(1), of: volume)) != nil)
            scene.storage.tend()
            try await scene.client.answer(to: .grant(.mebibytes(1), of: volume))
            let after = try await scene.client.answer(to: .usage(volume))
            #expect(after.dead > .zero && after.live == before.live, "no more was copied than had to be")
        }
    }

    @Test("What the owner's own files take is granted to nobody")
    func filled() async throws {
        try await served(try Lender()) { scene in
            try await scene.begin()
            scene.lender.place.setFree(.mebibytes(1))
            #expect(try await scene.client.answer(to: .usage(volume)).free == .mebibytes(1))
            try await scene.client.answer(to: .grant(.kibibytes(600), of: volume))
            let full = BlockFault.full(needed: .kibibytes(600), free: .kibibytes(424))
            #expect(await scene.client.failure(.grant(.kibibytes(600), of: volume)) == .store(full))
        }
    }

    // MARK: Giving back

    @Test("A lease whose volume fits into what is left ends at once; one that was bound to nothing, too")
    func endless() async throws {
        try await served(try Lender()) { scene in
            try await scene.begin()
            for number in 2...4 as ClosedRange<UInt64> {
                try scene.storage.open(lease(number), .mebibytes(2), of: scene.homeNode)
            }
            try await scene.home.answer(to: .bind(lease(2), to: volume))
            try await scene.client.put([ServedBlocks.block(1)])
            scene.storage.drain(lease(9), hold: .hours(1))
            #expect(scene.lender.closed == [lease(9)])
            scene.storage.drain(lease(2), hold: .hours(1))
            scene.storage.drain(lease(3), hold: .hours(1))
            scene.storage.tend()
            #expect(Set(scene.lender.closed) == [lease(9), lease(2), lease(3)])
            #expect(try await scene.home.answer(to: .usage(volume)).capacity == .mebibytes(8))
            try await scene.client.put([ServedBlocks.block(2)])
        }
    }

    @Test("What is given back takes nothing new, says so, can be read, and ends when it was emptied")
    func draining() async throws {
        try await served(try Lender(), size: .mebibytes(1)) { scene in
            try await scene.begin()
            try await scene.client.answer(to: .grant(.kibibytes(64), of: volume))
            let count = try await scene.fill()
            scene.storage.drain(lease(1), hold: .hours(1))
            #expect(try await scene.home.answer(to: .usage(volume)).isLeaving)
            let leaving = BlockError.store(.leaving(volume))
            #expect(await scene.client.failure(.put([ServedBlocks.block(900, isGranted: true)], of: volume)) == leaving)
            #expect(await scene.client.failure(.grant(1, of: volume)) == leaving)
            scene.lender.advance(by: .minutes(59))
            scene.storage.tend()
            #expect(scene.lender.closed.isEmpty)
            for number in 0..<count {
                _ = try await scene.client.answer(to: .read(ServedBlocks.id(number), of: volume))
                try await scene.home.answer(to: .delete([ServedBlocks.id(number)], of: volume, epoch: 1))
            }
            scene.storage.tend()
            #expect(scene.lender.closed == [lease(1)] && scene.lender.place.volumes.isEmpty)
            #expect(await scene.home.failure(.usage(volume)) == .store(.notLent(volume)))
            #expect(scene.storage.report.setAside == .zero)
        }
    }

    @Test("When the hold is over the owner has the room back, whatever was there; what other leases have room for stays")
    func heldTooLong() async throws {
        try await served(try Lender(), size: .mebibytes(2)) { scene in
            try await scene.begin()
            try scene.storage.open(lease(2), .mebibytes(1), of: scene.homeNode)
            try await scene.home.answer(to: .bind(lease(2), to: volume))
            let count = try await scene.fill()
            scene.storage.drain(lease(1), hold: .hours(1))
            scene.storage.drain(lease(1), hold: .hours(5))
            scene.lender.advance(by: .hours(1))
            scene.storage.tend()
            #expect(scene.lender.closed == [lease(1)])
            let usage = try await scene.home.answer(to: .usage(volume))
            #expect(usage.live + usage.dead <= .mebibytes(1) && usage.live > .kibibytes(700) && !usage.isLeaving)
            let left = try await scene.home.answer(to: .list(volume)).blocks.map(\.block)
            #expect(left == (0..<count).map(ServedBlocks.id).suffix(left.count))
            scene.storage.drain(lease(2), hold: .zero)
            scene.storage.tend()
            #expect(scene.lender.place.volumes.isEmpty && scene.storage.report.volumes.isEmpty)
        }
    }

    @Test("A lease that shrinks below what is used takes nothing new until enough was moved, and the volume stays")
    func shrinking() async throws {
        try await served(try Lender(), size: .mebibytes(2)) { scene in
            try await scene.begin()
            let count = try await scene.fill()
            try scene.storage.open(lease(1), .mebibytes(1), of: scene.homeNode)
            #expect(try await scene.home.answer(to: .usage(volume)).isLeaving)
            #expect(await scene.client.failure(.put([ServedBlocks.block(900)], of: volume)) == .store(.leaving(volume)))
            try await scene.home.answer(to: .delete((0..<count * 2 / 3).map(ServedBlocks.id), of: volume, epoch: 1))
            scene.storage.tend()
            #expect(try await scene.home.answer(to: .usage(volume)).isLeaving == false)
            try await scene.client.put([ServedBlocks.block(900)])
            #expect(scene.lender.closed.isEmpty)
        }
    }

    @Test("A volume that is dropped leaves nothing, and its lease can be used for another one")
    func dropping() async throws {
        try await served(try Lender()) { scene in
            try await scene.begin()
            try await scene.client.put([ServedBlocks.block(1)])
            try await scene.home.answer(to: .drop(volume, epoch: 1))
            #expect(await scene.client.failure(.read(ServedBlocks.id(1), of: volume)) == .store(.notLent(volume)))
            scene.storage.tend()
            #expect(scene.lender.place.volumes.isEmpty && scene.lender.closed.isEmpty)
            for volume in [other, self.other] { try await scene.home.answer(to: .bind(lease(1), to: volume)) }
            #expect(try await scene.home.answer(to: .usage(other)).live == .zero)
        }
    }

    // MARK: Restarts

    @Test("After a restart all is as it was, and leases that ended meanwhile are held before they are deleted")
    func restart() async throws {
        let lender = try Lender()
        var home: NodeID?
        try await served(lender) { scene in
            home = scene.homeNode
            try await scene.begin()
            try await scene.client.put([ServedBlocks.block(1)])
            try scene.storage.open(lease(2), .mebibytes(2), of: scene.homeNode)
            try scene.storage.open(lease(3), .mebibytes(2), of: scene.homeNode)
            scene.storage.drain(lease(3), hold: .hours(1))
        }
        let node = try #require(home)
        let again = try Lender(lender.place, at: lender.time)
        #expect(again.storage.report == lender.storage.report && again.storage.report.leases.count == 3)
        let open = [OpenLease(lease(2), .mebibytes(1), of: node), OpenLease(lease(4), .gibibytes(1), of: node)]
        let failures = again.storage.reconcile(open, hold: .minutes(5))
        #expect(failures.keys.sorted() == [lease(4)])
        again.storage.tend()
        #expect(again.closed == [lease(3)])
        #expect(again.storage.report.leases.map(\.size) == [.mebibytes(8), .mebibytes(1)])
        #expect(again.storage.report.leases.first?.held == .minutes(5))
        again.advance(by: .minutes(5))
        again.storage.tend()
        #expect(again.closed == [lease(3), lease(1)] && again.place.volumes.isEmpty)
    }

    @Test("What a node gives to a volume of its own it decides about, and has back when nothing is there any more")
    func own() async throws {
        let peers = try FramePeers()
        let me = try peers.node("me")
        let lender = try Lender(as: me.node)
        try lender.storage.give(.mebibytes(4), to: volume)
        try await lender.serving(of: peers) { served in
            try await served.calling(as: me) { pool in
                let peer = BlockPeer(pool)
                try await peer.put([ServedBlocks.block(1)])
                try lender.storage.give(.zero, to: volume)
                lender.storage.tend()
                #expect(try await peer.answer(to: .usage(volume)).isLeaving)
                try await peer.answer(to: .delete([ServedBlocks.id(1)], of: volume, epoch: 1))
                lender.storage.tend()
                #expect(lender.place.volumes.isEmpty && lender.storage.report.volumes.isEmpty)
            }
        }
    }

    @Test("What is left where nobody lends any more those decide about that may take the volume over")
    func remains() async throws {
        let peers = try FramePeers()
        let (before, heir, user) = (try peers.node("before"), try peers.node("heir"), try peers.node("user"))
        let lender = try Lender(as: before.node)
        try lender.storage.give(.mebibytes(4), to: volume)
        try await lender.serving(of: peers) { served in
            try await served.calling(as: before) { pool in
                let peer = BlockPeer(pool)
                try await peer.put([ServedBlocks.block(1)])
                try await peer.answer(to: .admit([heir.node, user.node], heirs: [heir.node], epoch: 1, to: volume))
            }
            func delete(as peer: FramePeer) async throws -> FrameRefusal.Kind? {
                try await served.calling(as: peer) { pool in
                    refusal(await BlockPeer(pool).failure(.delete([ServedBlocks.id(1)], of: volume, epoch: 2)))
                }
            }
            #expect(try await delete(as: heir) == .notPermitted, "the home gives room")
            try lender.storage.give(.zero, to: volume)
            #expect(try await delete(as: user) == .notPermitted)
            #expect(try await delete(as: heir) == nil)
            lender.storage.tend()
            #expect(lender.place.volumes.isEmpty && lender.storage.report.volumes.isEmpty)
        }
    }

    @Test("A book that makes no sense is said so, and nothing is touched")
    func damagedBook() throws {
        let lender = try Lender()
        try lender.storage.give(.mebibytes(1), to: volume)
        lender.place.bookDisk.flip("lending.json", at: 3)
        let error = #expect(throws: LendingError.self) { try Lender(lender.place) }
        if case .book = error {} else { Issue.record("\(String(describing: error))") }
    }
}
