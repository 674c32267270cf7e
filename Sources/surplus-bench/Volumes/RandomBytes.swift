import Resources

/// Bytes that cannot be compressed: the same with the same seed.
final class RandomBytes {
    private let bytes: UnsafeMutableRawBufferPointer
    private var random: SeededGenerator

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        bytes = .allocate(byteCount: 32 * PlainFile.chunk, alignment: PlainFile.page)
        for index in 0..<bytes.count / 8 { bytes.storeBytes(of: random.next(), toByteOffset: index * 8, as: UInt64.self) }
    }

    deinit { bytes.deallocate() }

    /// Some bytes, from another place each time: nothing is there twice at the same alignment. They are not to be kept.
    func next(_ count: Int) -> UnsafeRawBufferPointer {
        let start = Int.random(in: 0...bytes.count - count, using: &random)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }
}
