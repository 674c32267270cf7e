import FoundationEssentials
import Testing

@testable import Agent

@Suite("A spooled stream")
struct SpoolTests {
    private let scratch: ScratchDirectory
    private let path: String

    init() throws {
        scratch = try ScratchDirectory()
        path = scratch.path + "/stdout"
    }

    private func data(_ text: String) -> Data { Data(text.utf8) }

    @Test("What comes again is passed over, what is new in it is kept")
    func overlap() async throws {
        let spool = try Spool(path)
        #expect(try await spool.append(data("hello "), at: 0) == true)
        #expect(try await spool.append(data("lo wor"), at: 3) == true)
        #expect(try await spool.append(data("hello"), at: 0) == false)
        #expect(try await spool.append(data("ld"), at: 9) == true)
        #expect(try await spool.read(from: 0) == data("hello world"))
    }

    @Test("A gap is refused and nothing is written")
    func gap() async throws {
        let spool = try Spool(path)
        #expect(try await spool.append(data("x"), at: 1) == nil)
        #expect(try await spool.append(data("x"), at: -1) == nil)
        #expect(spool.size == 0)
    }

    @Test("After a restart it goes on where it stopped, and an ended one stays ended")
    func reopening() async throws {
        _ = try await Spool(path).append(data("one"), at: 0)
        let spool = try Spool(path)
        #expect(spool.size == 3)
        #expect(!spool.isEnded)
        _ = try await spool.append(data("onetwo"), at: 0)
        try await spool.end()
        let last = try Spool(path)
        #expect(last.isEnded)
        #expect(try await last.append(data("three"), at: 6) == false)
        #expect(try await last.read(from: 3) == data("two"))
    }

    @Test("It is read from any position, in bounded pieces")
    func pieces() async throws {
        let spool = try Spool(path)
        let whole = Data((0..<(3 * Spool.chunk / 2)).map { UInt8(truncatingIfNeeded: $0 / 7) })
        _ = try await spool.append(whole, at: 0)
        let first = try await spool.read(from: 0)
        #expect(first.count == Spool.chunk)
        #expect(first + (try await spool.read(from: Int64(first.count))) == whole)
        #expect(try await spool.read(from: Int64(whole.count)).isEmpty)
    }

    @Test("A link in its place is not followed")
    func link() throws {
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: scratch.path + "/elsewhere")
        #expect(throws: SpoolError.self) { try Spool(path) }
    }
}
