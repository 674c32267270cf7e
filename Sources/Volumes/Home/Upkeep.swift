import Resources

extension VolumeHome {
    /// Writes a record that no session asked for: where blocks are (``Operation/place(_:)``, ``Operation/forget(_:)``,
    /// ``Operation/advance``), which nodes keep the journal (``Operation/appoint(_:)``), or limits (``Operation/resize(capacity:inodeLimit:)``).
    ///
    /// - Returns: what is to be done, with the record for the journal first.
    /// - Throws: why it was refused, and nothing has changed; ``PosixError/notPermitted`` for what only sessions may ask for or cause.
    package mutating func carryOut(_ operation: Operation, at now: Moment) throws(PosixError) -> [HomeDirective] {
        switch operation {
        case .place, .forget, .advance, .appoint, .resize: break
        default: throw .notPermitted
        }
        _ = try write(record(operation, at: now)).get()
        return flush()
    }
}
