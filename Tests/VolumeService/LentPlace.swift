import BlockClient
import BlockKit
import BlockStore
import FrameKit
import Frames
import Resources
import Synchronization
import VolumeService
import Volumes

/// What a lender keeps, in memory, with power cuts.
final class LentPlace: LendingPlace {
    private struct State {
        var volumes: [VolumeID: ForgetfulDisk] = [:]
        var free: Bytes?
    }

    private let disk: ForgetfulDisk
    private let state = Mutex(State())

    init() { disk = ForgetfulDisk() }

    /// What a machine finds that comes up again.
    init(after crash: LentPlace, _ random: inout SeededGenerator) {
        disk = ForgetfulDisk(after: crash.disk, &random)
        var found = State()
        for (volume, disk) in crash.state.withLock({ $0.volumes }).sorted(by: { $0.key < $1.key }) {
            found.volumes[volume] = ForgetfulDisk(after: disk, &random)
        }
        state.withLock { [found] in $0 = found }
    }

    var book: any BlockDisk { disk }
    var bookDisk: ForgetfulDisk { disk }

    func blocks(of volume: VolumeID) -> any BlockDisk { disk(of: volume) }

    func disk(of volume: VolumeID) -> ForgetfulDisk {
        state.withLock { state in
            let disk = state.volumes[volume] ?? ForgetfulDisk()
            state.volumes[volume] = disk
            return disk
        }
    }

    func forget(_ volume: VolumeID) { state.withLock { $0.volumes[volume] = nil } }

    /// Which volumes have files.
    var volumes: [VolumeID] {
        state.withLock { $0.volumes }.filter { (try? $0.value.names().isEmpty) == false }.keys.sorted()
    }

    var free: Bytes? { state.withLock { $0.free } }
    func setFree(_ free: Bytes?) { state.withLock { $0.free = free } }

    /// Fails after so many more changes of any of its files.
    func fail(after steps: Int, _ random: inout SeededGenerator) {
        for disk in [disk] + state.withLock({ $0.volumes }).sorted(by: { $0.key < $1.key }).map(\.value) {
            disk.fail(after: .random(in: 1...max(1, steps), using: &random))
        }
    }
}

/// A lender with a clock that is set by hand.
final class Lender: Sendable {
    static let node = NodeID(high: 9, low: 9)
    static let volume = ServedBlocks.volume

    private final class Life: Sendable {
        let time: Mutex<Int64>
        let closed = Mutex<[LeaseID]>([])

        init(_ time: Int64) { self.time = Mutex(time) }

        var now: Moment {
            let time = time.withLock { $0 }
            return Moment(boot: BootID("this"), instant: Instant(microseconds: time), utc: Timestamp(microseconds: time))
        }
    }

    let place: LentPlace
    let storage: LentStorage
    private let life: Life

    init(
        _ place: LentPlace = LentPlace(), room: Bytes = .mebibytes(64), segmentSize: Bytes = .kibibytes(64),
        as node: NodeID = node, at time: Int64 = 1
    ) throws {
        let life = Life(time)
        var options = LentStorage.Options(room: room)
        options.segmentSize = segmentSize
        storage = try LentStorage(
            in: place, as: node, options, clock: { life.now }, onClosed: { lease in life.closed.withLock { $0.append(lease) } })
        (self.place, self.life) = (place, life)
    }

    /// Which leases it has said are closed, in order.
    var closed: [LeaseID] { life.closed.withLock { $0 } }
    var time: Int64 { life.time.withLock { $0 } }

    func advance(by span: Microseconds) { life.time.withLock { $0 += span.rawValue } }

    /// Serves it while the body runs, which gets somebody who calls it.
    func serving(
        of peers: FramePeers, _ body: (ServedFrames) async throws -> Void
    ) async throws { try await ServedFrames.serving([storage], of: peers, body) }

    static func lease(_ number: UInt64) -> LeaseID { LeaseID(high: 5, low: number) }
}
