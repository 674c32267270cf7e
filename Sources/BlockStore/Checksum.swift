import CISAL

/// Checksums of blocks: CRC-32C (Castagnoli; RFC 3720, appendix B.4), one for every ``unit`` bytes.
package enum Checksum {
    /// What one checksum covers, in bytes; the last of a block may cover less.
    package static let unit = 64 << 10

    package static func crc32c(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return 0 }
        // The library does not change what it reads, though its parameter is not const; it leaves the last inversion to the caller.
        let address = UnsafeMutablePointer(mutating: start.assumingMemoryBound(to: UInt8.self))
        return ~crc32_iscsi(address, CInt(bytes.count), ~0)
    }

    /// One for each unit of a block, in order.
    package static func all(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        stride(from: 0, to: bytes.count, by: unit).map { crc32c(.init(rebasing: bytes[$0..<min($0 + unit, bytes.count)])) }
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
