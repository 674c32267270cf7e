internal import NIOCore
internal import Volumes

extension WholeBlock {
    /// Whether it is what the metadata of its volume say: their checksum is that of the checksums of all its parts, most significant
    /// byte first.
    ///
    /// - Parameter checksum: CRC-32C of some bytes.
    package func matches(_ summary: UInt32, by checksum: (UnsafeRawBufferPointer) -> UInt32) -> Bool {
        var table = ByteBuffer()
        for value in checksums { table.writeInteger(value) }
        guard table.withUnsafeReadableBytes(checksum) == summary else { return false }
        var (rest, place) = (bytes, 0)
        while rest.readableBytes > 0, place < checksums.count {
            guard let part = rest.readSlice(length: min(BlockLayout.checksumUnit, rest.readableBytes)),
                part.withUnsafeReadableBytes(checksum) == checksums[place]
            else { return false }
            place += 1
        }
        return rest.readableBytes == 0 && place == checksums.count
    }
}
