import Resources

/// What a session asks of the home of a volume.
package enum HomeRequest: Hashable, Sendable {
    // MARK: Reading
    /// What a name leads to. Read leases on the directory and on what is found come with it.
    case lookup(FileName, in: InodeNumber)
    case attributes(InodeNumber)
    case target(InodeNumber)
    /// Entries after a name, with what they lead to. A read lease on the directory comes with the first.
    case list(InodeNumber, after: FileName?, limit: Int)
    /// Content from an offset on, with the blocks that it is in.
    case extents(InodeNumber, from: UInt64, limit: Int)
    case extendedAttribute([UInt8], of: InodeNumber)
    case extendedAttributeNames(InodeNumber)
    case space

    // MARK: Blocks
    /// Where blocks can be; each time that a ``StoresNotice`` says so it is to be asked again.
    case stores
    /// A copy of a block is not what it should be, or not there.
    case damaged(BlockID, on: NodeID)

    // MARK: Changing
    /// - Parameters:
    ///   - slot: of the session, in which no other request is under way.
    ///   - number: one higher than that of the last request in the slot.
    ///   - durably: whether it is answered only when it, and all that was carried out before it, is durable.
    case change(Operation, slot: UInt16, number: UInt64, durably: Bool = false)
    /// Is answered when all records up to this one are durable.
    case synchronize(record: UInt64)

    // MARK: Leases
    case acquire(CacheLease, on: InodeNumber)
    case giveBack([LeaseReturn])
    /// Programs have closed what was open without a lease.
    case close([InodeNumber])

    // MARK: Locks
    /// Takes a lock on a file, in place of what its owner has there.
    ///
    /// - Parameter wait: names, among those of the session, the wait for it; `nil` when it is not to be waited for. Whoever asks again
    ///   by the same name goes on waiting.
    case lock(LockClaim, wait: UInt64?)
    case unlock(LockPlace)
    /// A lock of somebody else that is in the way of one.
    case lockConflict(LockClaim)
    /// Waits no more. Refused with ``PosixError/noEntry`` when that is not waited for any more: the lock may be there.
    case giveUp(wait: UInt64)

    // MARK: The session
    case begin(node: NodeID)
    /// A session that began before goes on, on another connection or with a home that began again.
    case resume(node: NodeID)
    case end
    /// Nothing but a sign of life.
    case ping

    // MARK: After the home began again
    // Each is asked when the one before it was answered.
    /// What a session holds and has open.
    case reclaim([LeaseClaim], open: [InodeNumber])
    /// Locks that it has.
    case reclaimLocks([LockClaim])
    /// What was carried out for it and was not said to be durable, as it was told of it, in any order.
    case replay([Record])
    /// It has told all, and wants to know what has become of its records. Asked by whoever was not answered that yet by the home
    /// that it resumes with.
    case reclaimed
}

/// What the home answers.
package enum HomeAnswer: Hashable, Sendable {
    case refused(PosixError)
    case done
    case inode(Inode, [LeaseGrant])
    /// There is no such entry.
    case absent([LeaseGrant])
    case target([UInt8])
    case entries([ListedEntry], isEnd: Bool, [LeaseGrant])
    case extents([Extent], [Block])
    case extendedAttribute([UInt8])
    case extendedAttributeNames([[UInt8]])
    case space(VolumeHeader)
    /// In the order of their nodes.
    case stores([StorePlace])
    /// - Parameters:
    ///   - record: what became of it, which has to be durable before it can be relied on, and which is to be kept until then, unless
    ///     it was asked for durably.
    ///   - directories: those that have other entries now, as they are.
    case changed(Reply, Record, [LeaseGrant], directories: [Inode])
    /// It was carried out when it came before, and is durable. What it tells was so then.
    case repeated(Reply)
    /// - Parameter isRecovering: whether the home knows of the session what it was told when it began, and wants to be told what
    ///   the session holds.
    case began(HomeIdentity, isRecovering: Bool)
    /// The leases are known again, with new stamps.
    case reclaimed([LeaseGrant])
    case recovered([ReplayOutcome])
    /// The lock is not free. That it is had is told by a notice.
    case waits
    case lockConflict(LockClaim?)
    /// The session is not on this connection; it has to be resumed there first.
    case elsewhere
}

/// What a session held of an inode when its home ended.
package struct LeaseClaim: Hashable, Sendable {
    package let inode: InodeNumber
    package let lease: CacheLease

    package init(_ inode: InodeNumber, _ lease: CacheLease) {
        self.inode = inode
        self.lease = lease
    }
}

/// What has become of a record that a home did not know any more, or may not have known.
package struct ReplayOutcome: Hashable, Sendable {
    /// Of the record.
    package let time: FileTime
    /// What has to be durable now before it can be relied on; `nil` when it could not be carried out again, for what it was built on
    /// was lost.
    package let record: UInt64?

    package init(time: FileTime, record: UInt64?) {
        self.time = time
        self.record = record
    }
}

/// Which home a session has to do with.
package struct HomeIdentity: Hashable, Sendable {
    /// Another one each time that a home begins.
    package let epoch: UInt64
    /// The record that was carried out last.
    package let applied: UInt64
    package let durable: UInt64
    /// All leases that the session was granted before have lower stamps.
    package let stamp: UInt64
    /// After so long without a request the session is over.
    package let term: Microseconds
    /// Of the volume, with its key.
    package let traits: VolumeTraits

    package init(
        epoch: UInt64, applied: UInt64, durable: UInt64, stamp: UInt64, term: Microseconds, traits: VolumeTraits = VolumeTraits()
    ) {
        self.epoch = epoch
        self.applied = applied
        self.durable = durable
        self.stamp = stamp
        self.term = term
        self.traits = traits
    }
}

/// An entry and what it leads to.
package struct ListedEntry: Hashable, Sendable {
    package let name: FileName
    package let inode: Inode

    package init(name: FileName, inode: Inode) {
        self.name = name
        self.inode = inode
    }
}

/// Names a request of a session on its connection.
package struct RequestKey: Hashable, Sendable {
    package let session: SessionID
    package let number: UInt64

    package init(session: SessionID, number: UInt64) {
        self.session = session
        self.number = number
    }
}

/// What is to be done because of something that happened, in this order.
package enum HomeDirective: Hashable, Sendable {
    /// Write a record to the journal; it is carried out already.
    case journal(Record)
    case answer(RequestKey, HomeAnswer)
    /// Somebody waits for records up to this one to be durable.
    case settle(UInt64)
    case recall(LeaseRecall, from: SessionID)
    /// A session has the lock that it waited for.
    case lockGranted(wait: UInt64, to: SessionID)
    /// Tell a session that the stores are others, or in another condition.
    case storesChanged(SessionID)
    /// A copy of a block is to be looked at.
    case damaged(BlockID, on: NodeID)
    /// A node has no session any more: stores need not keep room for it.
    case left(NodeID)
    /// The session is over and its connections are to be closed.
    case expel(SessionID, reason: String)
    /// Call ``VolumeHome/tick(_:)`` then.
    case wake(at: Instant)
}
