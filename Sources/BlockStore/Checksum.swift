import CISAL

/// Checksums of blocks: CRC-32C (Castagnoli; RFC 3720, appendix B.4), one for every ``unit`` bytes.
package enum Checksum {
    /// What one checksum covers, in bytes; the last of a block may cover less.
    package static let unit = 64 << 10

    package static func crc32c(_ bytes: UnsafeRawBufferPointer) -> UInt32 { continued(0, by: bytes) }

    /// The checksum of bytes of which the first have one already.
    private static func continued(_ before: UInt32, by bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return before }
        // The library does not change what it reads, though its parameter is not const; it leaves the inversions to the caller.
        let address = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
        return ~crc32_iscsi(address, CInt(bytes.count), ~before)
    }

    /// One for each unit of a block, in order.
    package static func all(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: unit).map { crc32c(.init(rebasing: bytes[$0..<min($0 + unit, bytes.count)])) }
    }

    /// The same of a block in pieces.
    static func all(_ pieces: [UnsafeRawBufferPointer]) -> [UInt32] {
        if pieces.count == 1 { return all(pieces[0]) }
        var (checksums, last, filled) = ([UInt32](), UInt32(0), 0)
        for piece in pieces {
            var rest = piece[...]
            while !rest.isEmpty {
                let part = rest.prefix(unit - filled)
                last = continued(last, by: UnsafeRawBufferPointer(rebasing: part))
                (rest, filled) = (rest.dropFirst(part.count), filled + part.count)
                if filled == unit {
                    checksums.append(last)
                    (last, filled) = (0, 0)
                }
            }
        }
        return filled > 0 ? checksums + [last] : checksums
    }

    /// The checksum of checksums, each with its most significant byte first: what tells a block apart.
    package static func summary(_ checksums: [UInt32]) -> UInt32 {
        var writer = BigEndianWriter()
        for checksum in checksums { writer.write(checksum) }
        return writer.bytes.withUnsafeBytes(crc32c)
    }

    /// How many a block of so many bytes has.
    package static func count(_ length: Int) -> Int { (length + unit - 1) / unit }
}
