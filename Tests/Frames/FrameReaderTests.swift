import NIOCore
import Resources
import Testing

@testable import Frames

@Suite("Frames on the wire")
struct FrameReaderTests {
    private static let bounds = FrameReader.Bounds(head: 1000, body: 100_000)

    private static func frame(_ random: inout SeededGenerator) -> Frame {
        let kinds: [Frame.Kind] = [.hello, .request, .reply, .notice, .heartbeat, .goodbye]
        let size =
            Bool.random(using: &random) ? Int.random(in: 0...200, using: &random) : .random(in: 0...100_000, using: &random)
        let message = FrameMessage(
            code: .random(in: .min ... .max, using: &random),
            head: (0..<Int.random(in: 0...1000, using: &random)).map { _ in .random(in: .min ... .max, using: &random) },
            body: body(size, from: random.next()))
        return Frame(
            kinds[Int.random(in: 0..<kinds.count, using: &random)], id: random.next(),
            flags: Bool.random(using: &random) ? .refusal : [], message)
    }

    /// No part of it is as another one.
    private static func body(_ size: Int, from start: UInt64) -> ByteBuffer {
        var body = ByteBuffer()
        for number in 0..<UInt64(size / 8) { body.writeInteger(start &+ number) }
        body.writeRepeatingByte(UInt8(truncatingIfNeeded: start), count: size % 8)
        return body
    }

    private static func bytes(_ frames: [Frame]) -> ByteBuffer {
        var buffer = ByteBuffer()
        for frame in frames {
            frame.writeHead(into: &buffer)
            buffer.writeImmutableBuffer(frame.message.body)
        }
        return buffer
    }

    @Test("Frames come out as they went in, in whatever parts they come", arguments: 0..<60 as Range<UInt64>)
    func parts(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let frames = (0..<20).map { _ in Self.frame(&random) }
        var bytes = Self.bytes(frames)
        var (reader, found) = (FrameReader(), [Frame]())
        reader.bounds = Self.bounds
        let largest = [1, 30, 5000, 300_000][Int(seed % 4)]
        // One byte at a time takes long; the first frames are enough then.
        if largest == 1 { bytes = bytes.getSlice(at: 0, length: min(20_000, bytes.readableBytes)) ?? bytes }
        while bytes.readableBytes > 0 {
            let count = min(bytes.readableBytes, .random(in: 1...largest, using: &random))
            if let part = bytes.readSlice(length: count) { reader.append(part) }
            while let frame = try reader.next() { found.append(frame) }
        }
        #expect(found == Array(frames.prefix(found.count)), "seed \(seed)")
        #expect(largest == 1 || found.count == frames.count && !reader.isWithinFrame, "seed \(seed)")
    }

    @Test("A large body is what came in, not a copy; of a small one no more is held than it has")
    func memory() throws {
        let frames = [300, 200_000, 300].map { Frame(.request, FrameMessage(code: 1, body: Self.body($0, from: 7))) }
        var (bytes, reader, found) = (Self.bytes(frames), FrameReader(), [Frame]())
        reader.bounds = .init(head: 0, body: 200_000)
        while bytes.readableBytes > 0 {
            var part = ByteBufferAllocator().buffer(capacity: 64 << 10)
            if let next = bytes.readSlice(length: min(bytes.readableBytes, 64 << 10)) { part.writeImmutableBuffer(next) }
            reader.append(part)
            while let frame = try reader.next() { found.append(frame) }
        }
        #expect(found == frames)
        #expect(found.map(\.message.pieces.count) == [1, 4, 1])
        for frame in found {
            let held = frame.message.pieces.reduce(0) { $0 + $1.storageCapacity }
            #expect(held <= 2 * frame.message.bodySize + 1024)
        }
    }

    @Test("A frame that is too large, of no known kind or with unknown flags is refused by its first bytes")
    func refused() throws {
        func fault(_ head: UInt32, _ body: UInt32, kind: UInt8 = 2, flags: UInt8 = 0) -> FrameFault? {
            var buffer = ByteBuffer()
            buffer.writeMultipleIntegers(head, body, UInt64(1), kind, flags, UInt16(1))
            var reader = FrameReader()
            reader.bounds = Self.bounds
            reader.append(buffer)
            do throws(FrameFault) {
                _ = try reader.next()
                return nil
            } catch { return error }
        }
        #expect(fault(1000, 100_000) == nil)
        #expect(fault(1001, 0) != nil)
        #expect(fault(0, 100_001) != nil)
        #expect(fault(.max, .max) != nil)
        #expect(fault(0, 0, kind: 0) != nil)
        #expect(fault(0, 0, kind: 7) != nil)
        #expect(fault(0, 0, flags: 2) != nil)
    }

    @Test("Before it is known who speaks there is no room for more than a hello")
    func stranger() throws {
        var reader = FrameReader()
        reader.append(Self.bytes([Frame(.request, FrameMessage(code: 1, body: ByteBuffer(string: "x")))]))
        #expect(throws: FrameFault.self) { try reader.next() }
    }

    @Test("Whatever comes, nothing traps", arguments: 0..<200 as Range<UInt64>)
    func garbage(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var reader = FrameReader()
        reader.bounds = Self.bounds
        do throws(FrameFault) {
            for _ in 0..<50 {
                let part = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                    UInt8(random.next() & (seed % 2 == 0 ? 3 : 255))
                }
                reader.append(ByteBuffer(bytes: part))
                while try reader.next() != nil {}
            }
        } catch { return }
    }

    @Test("A hello says what it said, and nothing else passes for one", arguments: 0..<50 as Range<UInt64>)
    func hello(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let hello = Hello(
            versions: 1...UInt16.random(in: 1...9, using: &random), sender: NodeID(high: random.next(), low: random.next()),
            recipient: NodeID(high: random.next(), low: random.next()), heartbeat: .random(in: .min ... .max, using: &random),
            requests: .random(in: .min ... .max, using: &random), head: .random(in: .min ... .max, using: &random),
            body: .random(in: .min ... .max, using: &random))
        #expect(try Hello(hello.frame) == hello)
        var cut = hello.frame
        cut.message.head.removeLast(.random(in: 1...Hello.size, using: &random))
        #expect(throws: FrameFault.self) { try Hello(cut) }
        var other = hello.frame
        other.message.head[Int.random(in: 0..<8, using: &random)] ^= 1
        #expect(throws: FrameFault.self) { try Hello(other) }
    }

    @Test("A hello is held against certificate, addressee and versions")
    func check() throws {
        let (a, b, c) = (NodeID(high: 1, low: 1), NodeID(high: 2, low: 2), NodeID(high: 3, low: 3))
        var hello = Hello(from: a, to: b, FrameLimits(), FrameTimes())
        try hello.check(from: a, to: b)
        #expect(throws: FrameFault.self) { try hello.check(from: c, to: b) }
        #expect(throws: FrameFault.self) { try hello.check(from: a, to: c) }
        hello.versions = 2...3
        #expect(throws: FrameFault.self) { try hello.check(from: a, to: b) }
    }
}
