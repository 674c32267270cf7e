import Foundation

/// Why a part of the benchmark of volumes could not be done, in words for the person who reads its table.
struct StorageFault: Error, CustomStringConvertible {
    let description: String

    init(_ words: String) { description = words }

    /// A system call that has failed just now: what it was to do.
    static func last(_ action: String) -> StorageFault {
        StorageFault("failed to \(action): \(String(cString: strerror(errno)))")
    }
}
