internal import BlockStore
package import Resources
internal import Synchronization

/// Reads all blocks that a node keeps for others again and again, slowly, so that damage is found while there are other copies.
///
/// Where it is in a pass is kept beside the blocks: after a restart it goes on there.
package final class Scrubber: Sendable {
    package struct Options: Sendable {
        /// Bytes a second that are read at most.
        package var rate = Bytes.mebibytes(8)
        /// From the end of a pass to the beginning of the next.
        package var rest = Microseconds.days(7)
        /// After how many bytes it is written down where it is.
        package var stride = Bytes.mebibytes(256)

        package init() {}
    }

    /// Where it is, on the disk.
    private struct Position: Codable {
        var volume: VolumeID?
        var block: BlockID?
        /// When the next pass begins; `nil` during one.
        var next: Deadline?
    }

    private static let file = "scrub.json"

    private let storage: LentStorage
    private let options: Options
    private let onDamage: @Sendable (BlockID, VolumeID) -> Void
    private let alarm = Alarm()

    /// - Parameter onDamage: is told of each damaged block, on the thread that reads; again in each pass until it was replaced.
    package init(
        of storage: LentStorage, _ options: Options = Options(), onDamage: @escaping @Sendable (BlockID, VolumeID) -> Void
    ) {
        (self.storage, self.options, self.onDamage) = (storage, options, onDamage)
    }

    /// Reads until it is stopped. Blocks the thread.
    package func run() {
        while true {
            let wait = pass()
            guard alarm.wait(wait) else { return }
        }
    }

    /// ``run()`` comes back soon.
    package func stop() { alarm.end() }

    /// Goes on with a pass to its end, or until it is stopped, if it is time for one.
    ///
    /// - Returns: how long it is until there is something to do.
    @discardableResult
    package func pass() -> Microseconds {
        var position = (try? storage.place.book.value(Position.self, in: Self.file)) ?? Position()
        if let next = position.next, !next.hasPassed(at: storage.clock()) { return next.remaining(at: storage.clock()) }
        position.next = nil
        var (pace, unwritten, isOver) = (Pace(options.rate), Bytes.zero, false)
        for volume in storage.volumes where position.volume.map({ $0 <= volume }) ?? true {
            let start = position.volume == volume ? position.block : nil
            storage.scrub(volume, after: start) { block, count, isDamaged in
                if isDamaged { onDamage(block, volume) }
                (position.volume, position.block) = (volume, block)
                unwritten += Bytes(Int64(count))
                if unwritten >= options.stride {
                    write(position)
                    unwritten = .zero
                }
                isOver = !alarm.wait(pace.pause(after: count, at: storage.clock().instant))
                return !isOver
            }
            if isOver { break }
        }
        if !isOver { position = Position(next: Deadline(options.rest, after: storage.clock())) }
        write(position)
        return position.next.map { $0.remaining(at: storage.clock()) } ?? .zero
    }

    /// What is not written down is read again.
    private func write(_ position: Position) { try? storage.place.book.replace(Self.file, with: position) }
}

/// Keeps reading to a rate.
struct Pace {
    private let rate: Bytes
    private var next: Instant?

    init(_ rate: Bytes) { self.rate = rate }

    /// How long to wait after so many bytes were read.
    mutating func pause(after count: Int, at now: Instant) -> Microseconds {
        let cost = Microseconds(Int64(count)).scaled(by: 1_000_000, over: max(1, rate.rawValue))
        let end = max(next ?? now, now) + cost
        next = end
        return end - now
    }
}

extension LentStorage {
    /// Those that have blocks here, in order.
    package var volumes: [VolumeID] { state.withLock { $0.volumes.keys.sorted() } }

    /// Reads blocks of a volume in order of their ids and holds them against their checksums.
    ///
    /// - Parameters:
    ///   - start: the last one that is passed over.
    ///   - note: is told of each block, how many bytes it has, and whether it is damaged; says whether to go on.
    package func scrub(_ volume: VolumeID, after start: BlockID? = nil, note: (BlockID, Int, _ isDamaged: Bool) -> Bool) {
        guard let store = state.withLock({ $0.volumes[volume] })?.store else { return }
        for block in store.blocks(of: volume) where start.map({ $0 < block }) ?? true {
            let key = BlockKey(volume: volume, block: block)
            do throws(BlockStoreError) {
                guard note(block, try store.verify(key).content.count, false) else { return }
            } catch .corrupted {
                guard note(block, store.length(of: key) ?? 0, true) else { return }
            } catch {
                // It was deleted meanwhile, or the disk does not answer, which whoever reads finds out.
                continue
            }
        }
    }
}
