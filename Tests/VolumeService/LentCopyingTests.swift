import BlockStore
import Resources
import Testing
import VolumeService

@Suite("Lent storage and what it copies")
struct LentCopyingTests {
    @Test("What is given back is copied only where that wins back much of what it takes")
    func draining() throws {
        let lender = try Lender()
        let storage = lender.storage
        try storage.open(Lender.lease(1), .mebibytes(2), of: LentStorage.home)
        #expect(try storage.ask(.bind(Lender.lease(1))) == .done)
        for number in 0..<60 as Range<UInt64> {
            let block = ServedBlocks.block(number, 20_000)
            #expect(try storage.ask(.put([block.put], isDurable: true), body: block) == .stored(failures: [:]))
        }
        storage.drain(Lender.lease(1), hold: .hours(1))
        let few = (0..<60 as Range<UInt64>).filter { $0.isMultiple(of: 3) }.map(ServedBlocks.id)
        #expect(try storage.ask(.delete(few, epoch: 1)) == .done)
        // Somebody asks for room, though there will be none.
        _ = try storage.ask(.grant(.kibibytes(100)))
        storage.tend()
        let little = try #require(storage.report.volumes.first)
        #expect(little.dead >= BlockStore.footprint(20_000) * 20)
        let more = (0..<60 as Range<UInt64>).filter { $0 % 3 == 1 }.map(ServedBlocks.id)
        #expect(try storage.ask(.delete(more, epoch: 1)) == .done)
        storage.tend()
        let much = try #require(storage.report.volumes.first)
        #expect(much.live == BlockStore.footprint(20_000) * 20 && much.dead < much.live)
    }
}
