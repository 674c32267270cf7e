import Resources
import Testing
import Volumes

@testable import VolumeClient

@Suite("What a client knows of where content is")
struct ExtentMapTests {
    /// Extents of ten bytes each, with a hole of ten before each, as a home tells them.
    private func ask(_ map: inout ExtentMap, _ range: Range<UInt64>, of count: UInt64, page: Int = 3) -> Int {
        var asked = 0
        while map.known < range.upperBound {
            let place = map.known
            let all = (0..<count).map { Extent(offset: $0 * 20 + 10, length: 10, source: .block(Self.block($0), offset: 0)) }
            let found = Array(all.filter { $0.end > place }.prefix(page))
            let blocks = found.map { Block(id: Self.block($0.offset / 20), length: 10, checksum: 0, replicas: [], live: 10) }
            map.append(found, blocks, isEnd: found.count < page)
            asked += 1
        }
        return asked
    }

    private static func block(_ number: UInt64) -> BlockID { BlockID(high: 1, low: number) }

    @Test(
        "what is asked for is known whole afterwards, from wherever on, and not asked for again",
        arguments: 0..<20 as Range<UInt64>)
    func anywhere(seed: UInt64) {
        var (random, map) = (SeededGenerator(seed: seed), ExtentMap())
        for _ in 0..<100 {
            let start = UInt64.random(in: 0..<2000, using: &random)
            let range = start..<start + .random(in: 1...300, using: &random)
            _ = ask(&map, range, of: 90)
            let found = map.extents(in: range).map { $0.offset / 20 }
            let wanted = (0..<UInt64(90)).filter { $0 * 20 + 20 > range.lowerBound && $0 * 20 + 10 < range.upperBound }
            #expect(found == wanted)
            #expect(map.extents(in: range).allSatisfy { map.block(of: $0)?.id == Self.block($0.offset / 20) })
            #expect(ask(&map, range, of: 90) == 0)
        }
    }
}
