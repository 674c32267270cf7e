import Resources

/// The metadata of a volume: a state machine that carries out records in their order, and comes to the same state and the same
/// replies wherever it does (state machine replication, F. B. Schneider, "Implementing fault-tolerant services using the state
/// machine approach", 1990). Permissions are for the kernels to check that mount it.
package struct Volume<State: VolumeState> {
    package var state: State

    /// - Parameter state: one that has a root directory, made with ``found(in:_:capacity:inodeLimit:owner:group:permissions:at:home:)``.
    package init(_ state: State) { self.state = state }

    /// Makes an empty volume.
    ///
    /// - Parameter home: the node that keeps its journal, alone at first; `nil` for whichever has it.
    package static func found(
        in state: inout State, _ traits: VolumeTraits = VolumeTraits(), capacity: UInt64, inodeLimit: UInt64, owner: UInt32,
        group: UInt32, permissions: UInt16 = 0o755, at time: FileTime, home: NodeID? = nil
    ) {
        state.header = VolumeHeader(traits, capacity: capacity, inodeLimit: inodeLimit, at: time)
        state.header.membership = home.map { JournalMembership(JournalSet(home: $0, backups: [])) }
        state.put(
            Inode(
                number: .root, kind: .directory, permissions: permissions, owner: owner, group: group, links: 2, at: time,
                parent: .root))
    }

    /// Carries out the next record.
    ///
    /// - Returns: the reply, or why it was refused. What is refused changes nothing, and neither does a request that comes again,
    ///   which has the reply that it had; neither takes a place in the history.
    /// - Precondition: `record.index` is the next one.
    package mutating func apply(_ record: Record) -> Result<Reply, PosixError> {
        precondition(record.index == state.header.applied + 1, "records are carried out in their order")
        if let origin = record.origin {
            switch answer(to: origin) {
            case .success(let reply?): return .success(reply)
            case .failure(let error): return .failure(error)
            case .success(nil): break
            }
        }
        do throws(PosixError) {
            let time = max(state.header.time, record.time)
            let reply = try perform(record.operation, for: record.origin?.session, at: time)
            enter(record, at: time, reply)
            return .success(reply)
        } catch {
            return .failure(error)
        }
    }

    private mutating func enter(_ record: Record, at time: FileTime, _ reply: Reply) {
        var header = state.header
        (header.applied, header.epoch, header.time) = (record.index, max(header.epoch, record.epoch), time)
        state.header = header
        guard let origin = record.origin, state.session(origin.session) != nil else { return }
        state.put(SlotAnswer(number: origin.number, record: record.index, reply: reply), in: origin.slot, of: origin.session)
    }

    /// What a request was answered when it came before; `nil` when it is new.
    ///
    /// - Returns: ``PosixError/stale`` from a session that is over; ``PosixError/protocolFault`` for one that is older than the last
    ///   in its slot, or in a slot that there is not.
    package func answer(to origin: Record.Origin) -> Result<Reply?, PosixError> {
        guard state.session(origin.session) != nil else { return .failure(.stale) }
        guard origin.slot < Session.slots else { return .failure(.protocolFault) }
        guard let last = state.answer(in: origin.slot, of: origin.session) else { return .success(nil) }
        guard origin.number >= last.number else { return .failure(.protocolFault) }
        return .success(origin.number == last.number ? last.reply : nil)
    }

    private mutating func perform(
        _ operation: Operation, for session: SessionID?, at time: FileTime
    ) throws(PosixError) -> Reply {
        switch operation {
        case .make(let new): try make(new, at: time)
        case .link(let inode, let parent, let name): try link(inode, parent, name, at: time)
        case .unlink(let parent, let name, let isOpen): try unlink(parent, name, isOpen, at: time)
        case .removeDirectory(let parent, let name, let isOpen): try removeDirectory(parent, name, isOpen, at: time)
        case .rename(let rename): try self.rename(rename, at: time)
        case .setAttributes(let inode, let changes): try setAttributes(inode, changes, at: time)
        case .setExtendedAttribute(let inode, let name, let value, let mode):
            try setAttribute(name, of: inode, to: value, mode, at: time)
        case .removeExtendedAttribute(let inode, let name): try removeAttribute(name, of: inode, at: time)
        case .write(let files, let blocks, let promised):
            try write(files, blocks, Promise(session: session, bytes: promised), at: time)
        case .allocate(let inode, let range, let keepsSize, let zeroes):
            try allocate(inode, range, keepsSize: keepsSize, zeroes: zeroes, at: time)
        case .punch(let inode, let range): try punch(inode, range, at: time)
        case .discard(let inode): try discard(inode)
        case .place(let placements): try place(placements)
        case .forget(let blocks): forget(blocks)
        case .begin(let session, let node): begin(session, node)
        case .end(let session): end(session)
        case .reserve(let session, let bytes): try reserve(bytes, for: session)
        case .resize(let capacity, let inodeLimit): try resize(capacity, inodeLimit)
        case .appoint(let membership): appoint(membership)
        case .advance: advance()
        }
    }
}
