import Resources

/// An operation in its place in the history of a volume.
package struct Record: Hashable, Sendable {
    /// One higher for each next; the first is 1.
    package let index: UInt64
    /// Of the home that wrote it.
    package let epoch: UInt64
    /// By the home's clock, and later than the record before.
    package let time: FileTime
    /// Who asked; `nil` for what the home does of itself.
    package let origin: Origin?
    package let operation: Operation

    package init(index: UInt64, epoch: UInt64, time: FileTime, origin: Origin? = nil, operation: Operation) {
        self.index = index
        self.epoch = epoch
        self.time = time
        self.origin = origin
        self.operation = operation
    }

    /// A request of a session.
    package struct Origin: Hashable, Sendable {
        package let session: SessionID
        package let slot: UInt16
        /// One higher for each next request in the slot.
        package let number: UInt64

        package init(session: SessionID, slot: UInt16, number: UInt64) {
            self.session = session
            self.slot = slot
            self.number = number
        }
    }
}
