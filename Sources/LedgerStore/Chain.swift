import Resources

import struct Crypto.SHA256

/// The end of the ledger's chain of hashes: one sequence over all rows that are never changed, in all segments.
struct Chain: Hashable, Sendable {
    /// Sequence of the last row; 0 before the first.
    private(set) var sequence: Int64
    /// Hash of the last row.
    private(set) var head: Digest

    static let start = Chain(sequence: 0, head: .zero)

    /// Adds a row of the given canonical bytes; its sequence and hash are then the chain's.
    mutating func append(_ document: [UInt8]) {
        sequence += 1
        var hash = SHA256()
        hash.update(data: head.bytes)
        withUnsafeBytes(of: sequence.bigEndian) { hash.update(bufferPointer: $0) }
        hash.update(data: document)
        head = Digest(Array(hash.finalize()))
    }
}

extension Digest {
    init(sha256 bytes: [UInt8]) { self.init(Array(SHA256.hash(data: bytes))) }
}
