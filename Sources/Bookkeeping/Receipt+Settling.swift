import Resources

extension Receipt {
    /// So many transfers may follow from one receipt, by ids that follow its own.
    private static let mostTransfers: UInt64 = 1000

    /// Whether a transfer follows from it: its id is that of the receipt, or one of those after it, those of each unit at their
    /// distance.
    package func settles(_ other: Transfer) -> Bool {
        other.id == compensationTransfer
            || other.id.high == transfer.high && other.id.low &- transfer.low &- other.unit.offset <= Self.mostTransfers
    }
}
