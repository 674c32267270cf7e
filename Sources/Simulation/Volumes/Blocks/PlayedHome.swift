import Resources
import Volumes

/// The home of a volume with its keeper, and a journal that makes records durable some time later.
struct PlayedHome {
    var volume: Volume<MemoryState>
    var durable: Volume<MemoryState>
    private(set) var pending: [Record] = []
    let epoch: UInt64
    var keeper: Keeper

    static let options = {
        var options = Keeper.Options(copies: 2)
        (options.mostJobs, options.page, options.batch) = (6, 4, 3)
        (options.mostBytes, options.mostQueued) = (8 << 20, 5)
        (options.commitDelay, options.retry) = (.milliseconds(20), .milliseconds(100))
        (options.surveyInterval, options.generationSpan) = (.seconds(5), .milliseconds(300))
        return options
    }()

    init(_ durable: Volume<MemoryState>, epoch: UInt64) {
        (volume, self.durable, self.epoch) = (durable, durable, epoch)
        keeper = Keeper(Self.options, epoch: epoch) { _ in PlayedStore.size }
    }

    @discardableResult
    mutating func write(_ operation: Volumes.Operation) -> Result<Reply, PosixError> {
        let header = volume.state.header
        let record = Record(
            index: header.applied + 1, epoch: epoch, time: FileTime(rawValue: header.time.rawValue + 1), operation: operation)
        let result = volume.apply(record)
        if volume.state.header.applied == record.index { pending.append(record) }
        return result
    }

    var applied: UInt64 { volume.state.header.applied }

    /// Makes some of what waits durable.
    mutating func commit(_ count: Int) {
        for record in pending.prefix(count) { _ = durable.apply(record) }
        pending.removeFirst(min(count, pending.count))
    }

    func names(_ block: BlockID, on node: NodeID) -> Bool {
        [volume, durable].contains { $0.state.block(block)?.replicas.contains(node) ?? false }
    }
}
