package import NIOCore

// Bulk in the pieces in which it came.

extension [ByteBuffer] {
    /// Takes so many bytes from the beginning, or all where there are fewer.
    package mutating func removeFirst(bytes count: Int) -> [ByteBuffer] {
        var (taken, missing, whole) = ([ByteBuffer](), count, 0)
        while missing > 0, whole < self.count {
            guard let part = self[whole].readSlice(length: Swift.min(missing, self[whole].readableBytes)) else { break }
            taken.append(part)
            missing -= part.readableBytes
            if self[whole].readableBytes == 0 { whole += 1 }
        }
        removeFirst(whole)
        return taken
    }

    /// All of it in one piece: a copy, where there are several.
    package var joined: ByteBuffer {
        guard count != 1 else { return self[0] }
        var whole = ByteBuffer()
        whole.reserveCapacity(byteCount)
        for piece in self { whole.writeImmutableBuffer(piece) }
        return whole
    }

    package var byteCount: Int { reduce(0) { $0 + $1.readableBytes } }
}
