import Resources
import Testing

@testable import VolumeClient

@Suite("Content that was written and is not on its way yet")
struct DirtyContentTests {
    @Test("it reads as if it had been written into an array", arguments: 0..<50 as Range<UInt64>)
    func alike(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (dirty, plain) = (DirtyContent(), [UInt8?](repeating: nil, count: 200))
        for _ in 0..<200 {
            let start = Int.random(in: 0..<160, using: &random)
            let range = start..<start + Int.random(in: 1...40, using: &random)
            if Int.random(in: 0..<5, using: &random) == 0 {
                dirty.cut(UInt64(range.lowerBound)..<UInt64(range.upperBound))
                for place in range { plain[place] = nil }
            } else {
                let bytes = range.map { _ in UInt8.random(in: 1 ... .max, using: &random) }
                bytes.withUnsafeBytes { dirty.write($0, at: UInt64(start)) }
                for (place, byte) in zip(range, bytes) { plain[place] = byte }
            }
            var read = [UInt8](repeating: 0, count: 200)
            read.withUnsafeMutableBytes { dirty.overlay($0, from: 0) }
            #expect(read == plain.map { $0 ?? 0 })
            #expect(dirty.count == plain.count { $0 != nil })
            #expect(zip(dirty.runs, dirty.runs.dropFirst()).allSatisfy { $0.end <= $1.offset })
        }
    }

    @Test("what is written in order is one run after the other, each as long as a block")
    func sequential() {
        var dirty = DirtyContent()
        let part = [UInt8](repeating: 1, count: 1 << 20)
        for place in 0..<9 { part.withUnsafeBytes { dirty.write($0, at: UInt64(place) << 20) } }
        #expect(dirty.runs.map(\.bytes.count) == [4 << 20, 4 << 20, 1 << 20])
        #expect(dirty.take(onlyFull: true).map(\.offset) == [0, 4 << 20])
        #expect(dirty.count == 1 << 20)
        #expect(dirty.take(onlyFull: false).map(\.offset) == [8 << 20])
        #expect(dirty.isEmpty && dirty.count == 0)
    }

    @Test(
        "what is written in order in pieces of any size makes runs as long as a block, too", arguments: [10_240, 4097, 333_333])
    func oddPieces(size: Int) {
        var (dirty, taken) = (DirtyContent(), [DirtyContent.Run]())
        let part = [UInt8](repeating: 1, count: size)
        for place in 0..<(13 << 20) / size {
            part.withUnsafeBytes { dirty.write($0, at: UInt64(place * size)) }
            taken += dirty.take(onlyFull: true)
        }
        #expect(taken.map(\.offset) == [0, 4 << 20, 8 << 20] && taken.allSatisfy { $0.bytes.count == 4 << 20 })
        #expect(dirty.runs.map(\.offset) == [12 << 20])
    }

    @Test("scattered pieces wait for others up to a bound, by how many and by how much they are")
    func scattered() {
        for (size, bound) in [(16, 1024), (64 << 10, 256)] {
            var (dirty, written) = (DirtyContent(), 0)
            let part = [UInt8](repeating: 1, count: size)
            repeat {
                // From the end, so that none goes on where another ends.
                part.withUnsafeBytes { dirty.write($0, at: UInt64((10_000 - written) * 2 * size)) }
                written += 1
            } while dirty.take(onlyFull: true).isEmpty
            #expect(written == bound && dirty.isEmpty)
        }
    }
}
