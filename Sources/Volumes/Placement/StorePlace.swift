import Resources

/// A node that lends room to a volume, and where its block server is reached.
package struct StorePlace: Hashable, Sendable {
    package var condition: StoreCondition
    package let host: String
    package let port: UInt16

    package var node: NodeID { condition.node }

    package init(_ condition: StoreCondition, host: String, port: UInt16) {
        self.condition = condition
        self.host = host
        self.port = port
    }

    /// The same but for how much room there is, which changes all the time.
    var withoutRoom: Self {
        var place = self
        place.condition.free = 0
        return place
    }
}

/// The notice that the stores of a volume are others, or in another condition: whoever wants to know has to ask.
package struct StoresNotice: Hashable, Sendable {
    package static let code: UInt16 = 0x02f2

    package let session: SessionID

    package init(session: SessionID) { self.session = session }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(session)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``.
    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        session = try reader.identifier()
        try reader.finish()
    }
}

/// The notice that the home of a volume is not on this node any more: its sessions have to find out where it is, and resume there.
package struct MovedNotice: Hashable, Sendable {
    package static let code: UInt16 = 0x02f3

    package let volume: VolumeID

    package init(volume: VolumeID) { self.volume = volume }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(volume)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``.
    package init(encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        volume = try reader.identifier()
        try reader.finish()
    }
}

extension StorePlace {
    /// The most stores of one volume.
    static let most = 512

    func write(into writer: inout MessageWriter) {
        writer.write(node)
        writer.write(optional: condition.domain) { $0.write($1) }
        writer.write(condition.phase)
        writer.write(condition.free)
        writer.write(optional: condition.copyRate) { $0.write($1) }
        writer.write(host)
        writer.write(port)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let node = try reader.identifier(NodeID.self)
        let domain = try reader.optional { reader throws(MalformedMessage) in try reader.text() }
        let condition = StoreCondition(
            node, domain: domain, phase: try reader.choice(), free: try reader.integer(),
            copyRate: try reader.optional { reader throws(MalformedMessage) in try reader.integer() })
        self.init(condition, host: try reader.text(), port: try reader.integer())
    }
}
