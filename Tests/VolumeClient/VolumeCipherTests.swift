import NIOCore
import Resources
import Testing

@testable import VolumeClient

@Suite("Encryption of blocks")
struct VolumeCipherTests {
    private let cipher = VolumeCipher(key: [UInt8](repeating: 1, count: 32))
    private let block = BlockID(high: 1, low: 2)

    private func stored(_ content: [UInt8]) throws -> ByteBuffer {
        try content.withUnsafeBytes { try cipher.seal($0, as: block) }
    }

    private func read(
        _ range: Range<Int>, of stored: ByteBuffer, length: Int, _ cipher: VolumeCipher? = nil, as other: BlockID? = nil
    ) throws -> [UInt8] {
        let needed = VolumeCipher.storedRange(range, of: length)
        let part = try #require(stored.getSlice(at: needed.lowerBound, length: needed.count))
        // In pieces whose borders lie anywhere.
        var (pieces, rest) = ([ByteBuffer](), part)
        for length in sequence(first: 1 + needed.count % 7000, next: { $0 * 3 }).prefix(while: { $0 < rest.readableBytes }) {
            rest.readSlice(length: length).map { pieces.append($0) }
        }
        pieces.append(rest)
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withUnsafeMutableBytes { try (cipher ?? self.cipher).open(pieces, of: other ?? block, range, into: $0) }
        return bytes
    }

    @Test("any part of a block is read from those units that it lies in", arguments: [1, 15, 16 << 10, (16 << 10) + 1, 100_000])
    func parts(length: Int) throws {
        var random = SeededGenerator(seed: UInt64(length))
        let content = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let stored = try stored(content)
        #expect(stored.readableBytes == VolumeCipher.storedLength(length))
        for _ in 0..<50 {
            let start = Int.random(in: 0..<length, using: &random)
            let range = start..<Int.random(in: start + 1...length, using: &random)
            #expect(try read(range, of: stored, length: length) == Array(content[range]))
        }
    }

    @Test("what was changed, moved to another unit or block, or is of another key, is refused")
    func tampering() throws {
        let length = 3 * VolumeCipher.unit
        let stored = try stored([UInt8](repeating: 9, count: length))
        let sealed = VolumeCipher.unit + VolumeCipher.overhead
        for place in [0, VolumeCipher.unit - 1, VolumeCipher.unit, sealed - 1] {
            var changed = stored
            changed.setInteger(try #require(stored.getInteger(at: place, as: UInt8.self)) ^ 1, at: place)
            #expect(throws: (any Error).self) { try read(0..<10, of: changed, length: length) }
            #expect(throws: Never.self) { try read(sealed..<sealed + 10, of: changed, length: length) }
        }
        var moved = stored
        moved.setBuffer(try #require(stored.getSlice(at: sealed, length: sealed)), at: 0)
        #expect(throws: (any Error).self) { try read(0..<10, of: moved, length: length) }
        #expect(throws: (any Error).self) { try read(0..<10, of: stored, length: length, as: BlockID(high: 1, low: 3)) }
        let other = VolumeCipher(key: [UInt8](repeating: 2, count: 32))
        #expect(throws: (any Error).self) { try read(0..<10, of: stored, length: length, other) }
    }
}
