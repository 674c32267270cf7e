import Resources

/// Records on their way from one journal to another.
package struct JournalBatch: Hashable, Sendable {
    /// The record that they follow on.
    package let after: LogPosition
    package var records: [Record]

    package init(after: LogPosition, _ records: [Record] = []) {
        self.after = after
        self.records = records
    }
}

/// How the journal of a node is.
package struct JournalReport: Hashable, Sendable {
    package let outline: JournalOutline
    /// The highest epoch that it has promised to follow.
    package let promised: UInt64
    /// The latest in it.
    package let membership: JournalMembership

    init(outline: JournalOutline, promised: UInt64, membership: JournalMembership) {
        (self.outline, self.promised, self.membership) = (outline, promised, membership)
    }

    package init(_ log: JournalLog) { (outline, promised, membership) = (log.outline, log.promised, log.membership) }
}

/// What nodes that keep the journal of a volume tell each other.
///
/// Messages may be lost, come late, twice, and in any order.
package enum JournalMessage: Hashable, Sendable {
    // MARK: From a home
    /// Records, or none as a sign of life.
    ///
    /// - Parameters:
    ///   - durable: all records up to this one are.
    ///   - stamp: by the clock of the home, which it gets back with the answer.
    case append(epoch: UInt64, JournalBatch, durable: UInt64, stamp: Instant)
    /// A copy of the state as of a durable record, with which the journal begins anew. The copy goes with the message.
    ///
    /// - Parameter membership: which was in force after that record.
    case install(epoch: UInt64, at: LogPosition, membership: JournalMembership)

    // MARK: To a home
    /// The journal is the home's up to this record, and that is synced.
    case synced(epoch: UInt64, through: UInt64, stamp: Instant)
    /// The records do not follow on what is there.
    case parted(epoch: UInt64, JournalReport)

    // MARK: To take over
    /// How is your journal? Nothing changes.
    case survey(round: UInt64)
    case surveyed(round: UInt64, JournalReport)
    /// Take nothing of older epochs any more.
    case promise(epoch: UInt64)
    /// It is promised, durably, and this is all that there is.
    case promised(epoch: UInt64, JournalReport)
    /// What follows on a record?
    case read(epoch: UInt64, after: LogPosition)
    case fetched(epoch: UInt64, JournalBatch)

    /// Another epoch has begun, or may begin.
    case deposed(epoch: UInt64, current: UInt64)

    /// With records in it.
    package func filled(with records: [Record]) -> Self {
        switch self {
        case .append(let epoch, let batch, let durable, let stamp):
            .append(epoch: epoch, JournalBatch(after: batch.after, records), durable: durable, stamp: stamp)
        case .fetched(let epoch, let batch): .fetched(epoch: epoch, JournalBatch(after: batch.after, records))
        default: self
        }
    }
}

/// What is to be done because of something that happened, in this order.
package enum JournalDirective: Hashable, Sendable {
    // MARK: In the journal of this node. Each is done after those before it, and may be durable later.
    case write([Record])
    /// Records behind this one are of no history any more.
    case truncate(after: UInt64)
    /// Remember an epoch; ``JournalReplica/didBegin(_:at:)`` is to be told when it and all before it is durable.
    case begin(epoch: UInt64)
    /// Take the copy of the state that came with the message, and go on after it.
    case restart(after: LogPosition)

    // MARK: To others
    /// - Parameter through: records up to this one are to be put into the message (``JournalMessage/filled(with:)``); they may not
    ///   be synced yet.
    case send(JournalMessage, to: NodeID, through: UInt64?)
    /// Make a copy of the state as of a durable record that is kept or the last one trimmed, and send it with
    /// ``JournalMessage/install(epoch:at:membership:)``.
    case copyState(to: NodeID)

    // MARK: To this node
    /// All records up to this one are durable: on a home what waits for them can go on; on a backup they can be carried out.
    case durable(through: UInt64)
    /// Write a record that says so, and give it to ``JournalReplica/append(_:at:)``.
    case appoint(JournalMembership)
    /// This node is the home: its journal is all there is, and durable.
    case lead(epoch: UInt64)
    /// This node is the home no more: nothing that is not durable yet will be by it, and its sessions have to find the next.
    case deposed(epoch: UInt64, by: UInt64)
    /// It could not take over.
    case refused(TakeoverRefusal)
    /// Call ``JournalReplica/tick(at:)`` then.
    case wake(at: Instant)
}
