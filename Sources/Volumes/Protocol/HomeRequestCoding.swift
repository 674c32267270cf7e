import Resources

extension HomeRequest {
    /// The codes of all requests to a home.
    package static let codes: ClosedRange<UInt16> = 0x0200...0x02ff
    /// The most leases, inodes or records in one request.
    package static let mostItems = 1000

    package var code: UInt16 {
        switch self {
        case .lookup: 0x0201
        case .attributes: 0x0202
        case .target: 0x0203
        case .list: 0x0204
        case .extents: 0x0205
        case .extendedAttribute: 0x0206
        case .extendedAttributeNames: 0x0207
        case .space: 0x0208
        case .stores: 0x0209
        case .damaged: 0x020a
        case .change: 0x0220
        case .synchronize: 0x0221
        case .acquire: 0x0230
        case .giveBack: 0x0231
        case .close: 0x0232
        case .lock: 0x0238
        case .unlock: 0x0239
        case .lockConflict: 0x023a
        case .giveUp: 0x023b
        case .begin: 0x0240
        case .resume: 0x0241
        case .end: 0x0242
        case .ping: 0x0243
        case .reclaim: 0x0250
        case .replay: 0x0251
        case .reclaimed: 0x0252
        case .reclaimLocks: 0x0253
        }
    }
}

/// A request to the home of a volume, and the session that asks.
package struct HomeMessage: Hashable, Sendable {
    package let volume: VolumeID
    package let session: SessionID
    package let request: HomeRequest

    package init(_ request: HomeRequest, of session: SessionID, volume: VolumeID) {
        self.volume = volume
        self.session = session
        self.request = request
    }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(volume)
        writer.write(session)
        request.write(into: &writer)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``, also where a number is beyond its bounds.
    package init(code: UInt16, encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        volume = try reader.identifier()
        session = try reader.identifier()
        request = try HomeRequest(code, &reader)
        try reader.finish()
    }
}

// MARK: - Fields

extension HomeRequest {
    fileprivate func write(into writer: inout MessageWriter) {
        switch self {
        case .lookup(let name, let directory):
            writer.write(directory)
            writer.write(name)
        case .attributes(let inode), .target(let inode), .extendedAttributeNames(let inode): writer.write(inode)
        case .list(let inode, let name, let limit):
            writer.write(inode)
            writer.write(optional: name) { $0.write($1) }
            writer.write(UInt32(clamping: limit))
        case .extents(let inode, let offset, let limit):
            writer.write(inode)
            writer.write(offset)
            writer.write(UInt32(clamping: limit))
        case .extendedAttribute(let name, let inode):
            writer.write(inode)
            writer.write(blob: name)
        case .change(let operation, let slot, let number, let durably):
            writer.write(slot)
            writer.write(number)
            writer.write(durably)
            operation.write(into: &writer)
        case .synchronize(let record): writer.write(record)
        case .acquire(let lease, let inode):
            writer.write(lease)
            writer.write(inode)
        case .giveBack(let returns): writer.write(returns) { $1.write(into: &$0) }
        case .close(let inodes): writer.write(inodes) { $0.write($1) }
        case .lock(let claim, let wait):
            claim.write(into: &writer)
            writer.write(optional: wait) { $0.write($1) }
        case .unlock(let place): place.write(into: &writer)
        case .lockConflict(let claim): claim.write(into: &writer)
        case .giveUp(let wait): writer.write(wait)
        case .reclaimLocks(let claims): writer.write(claims) { $1.write(into: &$0) }
        case .begin(let node), .resume(let node): writer.write(node)
        case .reclaim(let claims, let open):
            writer.write(claims) { writer, claim in
                writer.write(claim.inode)
                writer.write(claim.lease)
            }
            writer.write(open) { $0.write($1) }
        case .replay(let records): writer.write(records) { $1.write(into: &$0) }
        case .damaged(let block, let node):
            writer.write(block)
            writer.write(node)
        case .space, .stores, .end, .ping, .reclaimed: break
        }
    }

    fileprivate init(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) {
        switch code {
        case 0x0201...0x020f: self = try Self.reading(code, &reader)
        case 0x0220:
            let (slot, number, durably): (UInt16, UInt64, Bool) = (try reader.integer(), try reader.integer(), try reader.bool())
            self = .change(try Operation(&reader), slot: slot, number: number, durably: durably)
        case 0x0221: self = .synchronize(record: try reader.integer())
        case 0x0230: self = .acquire(try reader.choice(), on: try reader.inodeNumber())
        case 0x0231: self = .giveBack(try reader.items(atMost: Self.mostItems, LeaseReturn.init(_:)))
        case 0x0232: self = .close(try reader.inodeNumbers())
        case 0x0238...0x023f: self = try Self.locking(code, &reader)
        case 0x0240...0x025f: self = try Self.ofSession(code, &reader)
        default: throw MalformedMessage("there is no request \(code)")
        }
    }

    private static func reading(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 0x0208: return .space
        case 0x0209: return .stores
        case 0x020a: return .damaged(try reader.identifier(), on: try reader.identifier())
        default: break
        }
        let inode = try reader.inodeNumber()
        switch code {
        case 0x0201: return .lookup(try reader.fileName(), in: inode)
        case 0x0202: return .attributes(inode)
        case 0x0203: return .target(inode)
        case 0x0204:
            let name = try reader.optional { reader throws(MalformedMessage) in try reader.fileName() }
            return .list(inode, after: name, limit: Int(try reader.integer(UInt32.self)))
        case 0x0205: return .extents(inode, from: try reader.integer(), limit: Int(try reader.integer(UInt32.self)))
        case 0x0206: return .extendedAttribute(try reader.blob(), of: inode)
        case 0x0207: return .extendedAttributeNames(inode)
        default: throw MalformedMessage("there is no request \(code)")
        }
    }

    private static func locking(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 0x0238:
            let claim = try LockClaim(&reader)
            return .lock(claim, wait: try reader.optional { reader throws(MalformedMessage) in try reader.integer() })
        case 0x0239: return .unlock(try LockPlace(&reader))
        case 0x023a: return .lockConflict(try LockClaim(&reader))
        case 0x023b: return .giveUp(wait: try reader.integer())
        default: throw MalformedMessage("there is no request \(code)")
        }
    }

    private static func ofSession(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) -> Self {
        switch code {
        case 0x0240: return .begin(node: try reader.identifier())
        case 0x0241: return .resume(node: try reader.identifier())
        case 0x0242: return .end
        case 0x0243: return .ping
        case 0x0250:
            let claims = try reader.items(atMost: mostItems) { reader throws(MalformedMessage) in
                LeaseClaim(try reader.inodeNumber(), try reader.choice())
            }
            return .reclaim(claims, open: try reader.inodeNumbers())
        case 0x0251: return .replay(try reader.items(atMost: mostItems, Record.init(_:)))
        case 0x0252: return .reclaimed
        case 0x0253: return .reclaimLocks(try reader.items(atMost: mostItems, LockClaim.init(_:)))
        default: throw MalformedMessage("there is no request \(code)")
        }
    }
}

extension LeaseReturn {
    fileprivate func write(into writer: inout MessageWriter) {
        writer.write(inode)
        writer.write(optional: keeping) { $0.write($1) }
        writer.write(isOpen)
        writer.write(stamp)
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            try reader.inodeNumber(), keeping: try reader.optional { reader throws(MalformedMessage) in try reader.choice() },
            isOpen: try reader.bool(), stamp: try reader.integer())
    }
}

extension MessageReader {
    fileprivate mutating func inodeNumbers() throws(MalformedMessage) -> [InodeNumber] {
        try items(atMost: HomeRequest.mostItems) { reader throws(MalformedMessage) in try reader.inodeNumber() }
    }
}
