import BlockStore
import Frames
import Resources
import Synchronization
import Testing
import Volumes

@testable import VolumeService

@Suite("Scrubbing", .timeLimit(.minutes(1)))
struct ScrubTests {
    private let volume = Lender.volume

    /// A lender with blocks of its own, of so many bytes each.
    private func lender(_ place: LentPlace = LentPlace(), blocks: Range<UInt64>, length: Int = 10_000) throws -> Lender {
        let lender = try Lender(place)
        try lender.storage.give(.mebibytes(16), to: volume)
        for number in blocks {
            let block = ServedBlocks.block(number, length)
            let request = BlockRequest.put([block.put], isDurable: true)
            let head = BlockMessage(request, of: volume).head
            let message = FrameMessage(code: request.code, head: head, body: block.bytes)
            _ = try lender.storage.answer(message, of: Lender.node)
        }
        return lender
    }

    private final class Found: Sendable {
        let blocks = Mutex<[BlockID]>([])
        var all: [BlockID] { blocks.withLock { $0 } }
    }

    private func scrubber(_ lender: Lender, _ found: Found, _ change: (inout Scrubber.Options) -> Void = { _ in }) -> Scrubber {
        var options = Scrubber.Options()
        options.rate = .gibibytes(100)
        change(&options)
        return Scrubber(of: lender.storage, options) { block, _ in found.blocks.withLock { $0.append(block) } }
    }

    @Test("All damaged blocks are told, and the next pass begins when it is time for it")
    func damage() throws {
        let (lender, found) = (try lender(blocks: 0..<20), Found())
        // Each takes 10,240 bytes of a segment of 65,536.
        for (segment, block) in [(1, 2), (3, 1)] {
            lender.place.disk(of: volume).flip("segment-000000000\(segment).blocks", at: block * 10_240 + 5000)
        }
        let scrubber = scrubber(lender, found)
        #expect(scrubber.pass() == .days(7))
        #expect(found.all == [ServedBlocks.id(2), ServedBlocks.id(13)])
        #expect(lender.storage.report.volumes.map(\.damaged) == [2])
        lender.advance(by: .days(6))
        #expect(scrubber.pass() == .days(1) && found.all.count == 2)
        lender.advance(by: .days(1))
        scrubber.pass()
        #expect(found.all.count == 4)
    }

    @Test("After a restart it goes on where it was")
    func resuming() throws {
        let (lender, found) = (try lender(blocks: 0..<20), Found())
        // Where records are listed in files beside their segments, those that are damaged are found again.
        lender.storage.tend()
        for segment in 1...3 { lender.place.disk(of: volume).flip("segment-000000000\(segment).blocks", at: 5000) }
        let stopped = Mutex<Scrubber?>(nil)
        var options = Scrubber.Options()
        (options.rate, options.stride) = (.gibibytes(100), .zero)
        let scrubber = Scrubber(of: lender.storage, options) { block, _ in
            found.blocks.withLock { $0.append(block) }
            if block == ServedBlocks.id(6) { stopped.withLock { $0 }?.stop() }
        }
        stopped.withLock { $0 = scrubber }
        scrubber.pass()
        #expect(found.all == [ServedBlocks.id(0), ServedBlocks.id(6)])
        let again = try Lender(lender.place)
        self.scrubber(again, found).pass()
        #expect(found.all == [ServedBlocks.id(0), ServedBlocks.id(6), ServedBlocks.id(12)])
    }

    @Test("So many bytes a second are read as it was told, and no more")
    func pace() {
        var pace = Pace(.mebibytes(1))
        let start = Instant(microseconds: 5_000_000)
        #expect(pace.pause(after: 1 << 20, at: start) == .seconds(1))
        #expect(pace.pause(after: 1 << 19, at: start) == .milliseconds(1500), "what is ahead of its time waits for it")
        #expect(pace.pause(after: 1 << 19, at: start + .seconds(60)) == .milliseconds(500), "time that passed is not made up for")
    }
}
