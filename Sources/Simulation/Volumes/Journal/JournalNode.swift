import Resources
import Volumes

/// A node that keeps a volume's journal on a disk that loses what is not synced.
struct JournalNode {
    enum DiskStep {
        case write([Record])
        case truncate(after: UInt64)
        case begin(epoch: UInt64)
        /// The history up to there, of a copy.
        case restart(history: [Record])
    }

    let id: NodeID
    /// What is synced: all records from the first one on, also those that were trimmed, for the state has them.
    private(set) var disk: [Record] = []
    private var promised: UInt64 = 1
    private var trimmed = LogPosition.start
    /// Steps on their way to the disk, and the history with them.
    private var steps: [DiskStep] = []
    private(set) var history: [Record] = []
    private let first: JournalMembership
    /// `nil` while it is down.
    var replica: JournalReplica?

    init(_ id: NodeID, _ first: JournalMembership) {
        (self.id, self.first) = (id, first)
        restart()
    }

    var isIdle: Bool { steps.isEmpty }

    // MARK: Up and down

    static let options = {
        var options = JournalReplica.Options()
        (options.batch, options.window) = (3, 8)
        (options.heartbeat, options.patience) = (.milliseconds(20), .milliseconds(100))
        (options.copyLimit, options.takeoverLimit, options.authority) = (
            .milliseconds(200), .milliseconds(500), .milliseconds(300)
        )
        return options
    }()

    mutating func crash() {
        (replica, steps) = (nil, [])
        history = disk
    }

    mutating func restart() {
        var membership = first
        for case .appoint(let appointed) in disk.prefix(Int(trimmed.index)).map(\.operation) { membership = appointed }
        var log = JournalLog(after: trimmed, promised: promised, membership: membership)
        for record in disk.dropFirst(Int(trimmed.index)) { log.append(record) }
        replica = JournalReplica(id, log.found(), Self.options)
    }

    // MARK: Its disk

    mutating func take(_ step: DiskStep) {
        switch step {
        case .write(let records): history += records
        case .truncate(let index): history.removeLast(history.count - Int(index))
        case .begin: break
        case .restart(let copy): history = copy
        }
        steps.append(step)
    }

    /// Does what comes next.
    mutating func sync(at now: Instant) -> [JournalDirective] {
        guard !steps.isEmpty else { return [] }
        switch steps.removeFirst() {
        case .write(let records):
            disk += records
            return synced(at: now)
        case .truncate(let index):
            disk.removeLast(disk.count - Int(index))
            return []
        case .begin(let epoch):
            promised = epoch
            return replica?.didBegin(epoch, at: now) ?? []
        case .restart(let copy):
            disk = copy
            trimmed = copy.last?.position ?? .start
            return synced(at: now)
        }
    }

    /// Tells how much is synced of what is not to be dropped again.
    private mutating func synced(at now: Instant) -> [JournalDirective] {
        var through = UInt64(disk.count)
        for step in steps {
            switch step {
            case .truncate(let index): through = min(through, index)
            case .restart: return []
            default: break
            }
        }
        return replica?.didSync(through: through, at: now) ?? []
    }

    mutating func trim() {
        guard isIdle, var trimming = replica else { return }
        trimming.didTrim(through: trimming.durable)
        trimmed = trimming.log.outline.trimmed
        replica = trimming
    }

    func records(_ range: ClosedRange<UInt64>) -> [Record] {
        Array(history[Int(range.lowerBound) - 1...Int(range.upperBound) - 1])
    }
}
