import Resources

/// A client that has the volume mounted.
package struct Session: Hashable, Sendable {
    /// How many requests that change something it may have under way.
    package static let slots: UInt16 = 64

    package let id: SessionID
    package let node: NodeID
    /// Bytes promised to it for what it will write.
    package var reserved: UInt64 = 0

    package init(id: SessionID, node: NodeID) {
        self.id = id
        self.node = node
    }
}

/// The last answer in a slot of a session. A request that comes again gets it again, and is not carried out twice (the reply cache
/// of NFS 4.1 sessions, RFC 8881 section 2.10.6).
package struct SlotAnswer: Hashable, Sendable {
    /// Of the request, one higher for each next in its slot.
    package let number: UInt64
    /// Of the record that it became.
    package let record: UInt64
    package let reply: Reply

    package init(number: UInt64, record: UInt64, reply: Reply) {
        self.number = number
        self.record = record
        self.reply = reply
    }
}
