import Resources

extension HomeAnswer {
    package var code: UInt16 {
        switch self {
        case .refused: 0x0280
        case .done: 0x0281
        case .inode: 0x0282
        case .absent: 0x0283
        case .target: 0x0284
        case .entries: 0x0285
        case .extents: 0x0286
        case .extendedAttribute: 0x0287
        case .extendedAttributeNames: 0x0288
        case .space: 0x0289
        case .changed: 0x028a
        case .repeated: 0x028b
        case .began: 0x028c
        case .reclaimed: 0x028d
        case .recovered: 0x028e
        case .waits: 0x028f
        case .lockConflict: 0x0290
        case .elsewhere: 0x0291
        case .stores: 0x0292
        }
    }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        write(into: &writer)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``.
    package init(code: UInt16, encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        self = try Self.read(code, &reader)
        try reader.finish()
    }

    private func write(into writer: inout MessageWriter) {
        switch self {
        case .refused(let error): writer.write(error.rawValue)
        case .done, .waits, .elsewhere: break
        case .inode(let inode, let grants):
            writer.write(inode)
            writer.write(grants)
        case .absent(let grants), .reclaimed(let grants): writer.write(grants)
        case .target(let path): writer.write(blob: path)
        case .entries(let entries, let isEnd, let grants):
            writer.write(entries) { writer, entry in
                writer.write(entry.name)
                writer.write(entry.inode)
            }
            writer.write(isEnd)
            writer.write(grants)
        case .extents(let extents, let blocks):
            writer.write(extents) { $0.write($1) }
            writer.write(blocks) { $1.write(into: &$0) }
        case .extendedAttribute(let value): writer.write(blob: value)
        case .extendedAttributeNames(let names): writer.write(names) { $0.write(blob: $1) }
        case .space(let header): header.write(into: &writer)
        case .stores(let places): writer.write(places) { $1.write(into: &$0) }
        case .changed(let reply, let record, let grants, let directories):
            reply.write(into: &writer)
            record.write(into: &writer)
            writer.write(grants)
            writer.write(directories) { $0.write($1) }
        case .repeated(let reply): reply.write(into: &writer)
        case .began(let identity, let isRecovering):
            for value in [identity.epoch, identity.applied, identity.durable, identity.stamp] { writer.write(value) }
            writer.write(identity.term)
            identity.traits.write(into: &writer)
            writer.write(isRecovering)
        case .lockConflict(let claim): writer.write(optional: claim) { $1.write(into: &$0) }
        case .recovered(let outcomes):
            writer.write(outcomes) { writer, outcome in
                writer.write(outcome.time)
                writer.write(optional: outcome.record) { $0.write($1) }
            }
        }
    }

    private static func read(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 0x0280:
            let number = try reader.integer(Int32.self)
            return .refused(PosixError(rawValue: number) ?? .inputOutput)
        case 0x0281: return .done
        case 0x0282: return .inode(try reader.inode(), try reader.grants())
        case 0x0283: return .absent(try reader.grants())
        case 0x0284: return .target(try reader.blob())
        case 0x0285:
            let entries = try reader.items(atMost: HomeRequest.mostItems) { reader throws(MalformedMessage) in
                ListedEntry(name: try reader.fileName(), inode: try reader.inode())
            }
            return .entries(entries, isEnd: try reader.bool(), try reader.grants())
        case 0x0286:
            let extents = try reader.items(atMost: HomeRequest.mostItems) { reader throws(MalformedMessage) in
                try reader.extent()
            }
            return .extents(extents, try reader.items(atMost: HomeRequest.mostItems, Block.init(_:)))
        case 0x0287: return .extendedAttribute(try reader.blob())
        case 0x0288:
            return .extendedAttributeNames(
                try reader.items(atMost: .max) { reader throws(MalformedMessage) in try reader.blob() })
        case 0x0289: return .space(try VolumeHeader(&reader))
        default: return try readOutcome(code, &reader)
        }
    }

    private static func readOutcome(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 0x028a:
            return .changed(
                try Reply(&reader), try Record(&reader), try reader.grants(),
                directories: try reader.items(atMost: 2) { reader throws(MalformedMessage) in try reader.inode() })
        case 0x028b: return .repeated(try Reply(&reader))
        case 0x028c:
            let identity = HomeIdentity(
                epoch: try reader.integer(), applied: try reader.integer(),
                durable: try reader.integer(), stamp: try reader.integer(), term: try reader.span(),
                traits: try VolumeTraits(&reader))
            return .began(identity, isRecovering: try reader.bool())
        case 0x028d: return .reclaimed(try reader.grants())
        case 0x028e:
            return .recovered(
                try reader.items(atMost: .max) { reader throws(MalformedMessage) in
                    ReplayOutcome(
                        time: try reader.fileTime(),
                        record: try reader.optional { reader throws(MalformedMessage) in try reader.integer() })
                })
        case 0x028f: return .waits
        case 0x0290: return .lockConflict(try reader.optional(LockClaim.init(_:)))
        case 0x0291: return .elsewhere
        case 0x0292: return .stores(try reader.items(atMost: StorePlace.most, StorePlace.init(_:)))
        default: throw MalformedMessage("there is no answer \(code)")
        }
    }
}

extension LeaseRecall {
    /// The code of the notice that a recall is.
    package static let code: UInt16 = 0x02f0

    /// - Parameter session: whose lease is recalled.
    package func encoded(for session: SessionID) -> [UInt8] {
        var writer = MessageWriter()
        writer.write(session)
        writer.write(inode)
        writer.write(optional: keeping) { $0.write($1) }
        writer.write(stamp)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``.
    package static func read(_ bytes: [UInt8]) throws(MalformedMessage) -> (recall: LeaseRecall, session: SessionID) {
        var reader = MessageReader(bytes)
        let session = try reader.identifier(SessionID.self)
        let recall = LeaseRecall(
            try reader.inodeNumber(), keeping: try reader.optional { reader throws(MalformedMessage) in try reader.choice() },
            stamp: try reader.integer())
        try reader.finish()
        return (recall, session)
    }
}

// MARK: - Fields

extension MessageWriter {
    fileprivate mutating func write(_ grants: [LeaseGrant]) {
        write(grants) { writer, grant in
            writer.write(grant.inode)
            writer.write(grant.lease)
            writer.write(grant.stamp)
        }
    }
}

extension MessageReader {
    fileprivate mutating func grants() throws(MalformedMessage) -> [LeaseGrant] {
        try items(atMost: HomeRequest.mostItems + 1) { reader throws(MalformedMessage) in
            LeaseGrant(try reader.inodeNumber(), try reader.choice(), stamp: try reader.integer())
        }
    }
}

extension Block {
    fileprivate func write(into writer: inout MessageWriter) {
        writer.write(id)
        writer.write(length)
        writer.write(checksum)
        writer.write(replicas) { $0.write($1) }
        writer.write(live)
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            id: try reader.identifier(), length: try reader.integer(), checksum: try reader.integer(),
            replicas: try reader.replicas(), live: try reader.integer())
    }
}

extension VolumeHeader {
    fileprivate func write(into writer: inout MessageWriter) {
        traits.write(into: &writer)
        writer.write(time)
        writer.write(nextInode)
        for value in [applied, epoch, capacity, inodeLimit, used, reserved, inodes, generation] { writer.write(value) }
        writer.write(optional: membership) { $1.write(into: &$0) }
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(try VolumeTraits(&reader), capacity: 0, inodeLimit: 0, at: try reader.fileTime())
        nextInode = try reader.inodeNumber()
        (applied, epoch, capacity) = (try reader.integer(), try reader.integer(), try reader.integer())
        (inodeLimit, used, reserved, inodes) = (
            try reader.integer(), try reader.integer(), try reader.integer(), try reader.integer()
        )
        generation = try reader.integer()
        membership = try reader.optional { reader throws(MalformedMessage) in try JournalMembership(&reader) }
    }
}
