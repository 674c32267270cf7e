import Resources

/// Why the metadata of a volume cannot be opened, kept or read.
package enum VolumeStoreError: Error, Hashable, Sendable {
    /// The directory cannot be used; the text says why and what to do.
    case directory(String, String)
    /// Another process has it open.
    case locked(directory: String)
    /// There is something already where it should be made.
    case exists(String)
    /// A file is not there.
    case missing(file: String)
    /// A file is not what was written to it.
    case damaged(file: String, String)
    /// It is of another program, of another volume, or of a newer version of this program.
    case foreign(file: String, String)
    case full(file: String)
    case disk(file: String, String)
    /// Whoever writes is the home no more.
    case deposed(epoch: UInt64, current: UInt64)
    /// Records do not follow on what is there.
    case gap(last: UInt64, next: UInt64)
    /// Records that are not kept any more.
    case trimmed(through: UInt64, wanted: UInt64)
    /// The state has, or may have, records that are not in the history of the journal.
    case diverged(String)
    /// So many records wait to be durable already.
    case overloaded(Int)
    /// Up to this record not all are durable, for too few nodes say that they have them.
    case unsettled(UInt64)
    /// It was closed.
    case closed
}

extension VolumeStoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .directory(let path, let fault): "failed to use directory \(path): \(fault)"
        case .locked(let path): "failed to open \(path): another process uses it; stop that one or choose another directory"
        case .exists(let path): "failed to make \(path): something is there already; choose another place"
        case .missing(let file): "failed to open \(file): it is not there; seed this node anew from another one's copy"
        case .damaged(let file, let fault):
            "failed to read \(file): it is damaged (\(fault)); seed this node anew from another one's copy"
        case .foreign(let file, let fault): "failed to open \(file): \(fault)"
        case .full(let file): "failed to write \(file): no space left; free some and open the volume again"
        case .disk(let file, let fault): "failed to access \(file): \(fault); check the disk and open the volume again"
        case .deposed(let epoch, let current): "the volume is at epoch \(current), epoch \(epoch) has no say any more"
        case .gap(let last, let next): "record \(next) does not follow on record \(last)"
        case .trimmed(let through, let wanted):
            "record \(wanted) is not kept any more, only those after \(through); a copy of the state has to be taken"
        case .diverged(let fault): "\(fault); seed this node anew from another one's copy"
        case .overloaded(let count): "\(count) records wait to be durable already; slow down"
        case .unsettled(let index):
            "record \(index) is not durable yet, for no backup says that it has it; bring the volume's backups up"
        case .closed: "it is closed"
        }
    }
}
