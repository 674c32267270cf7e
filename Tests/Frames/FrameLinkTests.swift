import NIOCore
import NIOEmbedded
import Testing

@testable import Frames

@Suite("The end of a connection's pipeline")
struct FrameLinkTests {
    /// Notes what it is told.
    private final class Side: FrameSide {
        var link: FrameLink?
        var received: [UInt64] = []
        var sent: [UInt64] = []
        var reasons: [String] = []
        /// How many frames it takes before it wants no more.
        var room = Int.max

        func opened(_ link: FrameLink) {
            self.link = link
            link.bounds = .init(head: 1000, body: 8 << 20)
        }

        func received(_ frame: Frame, on link: FrameLink) {
            received.append(frame.id)
            if received.count == room { link.pause() }
        }

        func sent(_ frame: Frame, on link: FrameLink) { sent.append(frame.id) }
        func closed(_ reason: String) { reasons.append(reason) }
    }

    /// Stands where TLS does, and does not close what it is told to close.
    private final class Reluctant: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {}
    }

    private static func open(_ side: Side, times: FrameTimes = FrameTimes(), behind handlers: [any ChannelHandler] = []) throws
        -> EmbeddedChannel
    {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers(handlers + [FrameLink(side, times: times)])
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    @Test("Whoever is above learns at once that a connection is given up, though TLS still says farewell")
    func closing() throws {
        let side = Side()
        let channel = try Self.open(side, behind: [Reluctant()])
        side.link?.close(because: "of a test")
        #expect(side.reasons == ["of a test"])
        #expect(channel.isActive)
        try channel.writeInbound(Frame(.request, id: 1).bytes)
        #expect(side.received.isEmpty)
    }

    @Test("While the side above has no room, what came waits, and goes on when there is room again")
    func pausing() throws {
        let side = Side()
        side.room = 2
        let channel = try Self.open(side)
        var bytes = ByteBuffer()
        for id in 1...5 as ClosedRange<UInt64> { bytes.writeImmutableBuffer(Frame(.request, id: id).bytes) }
        try channel.writeInbound(bytes)
        #expect(side.received == [1, 2])
        try channel.writeInbound(Frame(.request, id: 6).bytes)
        #expect(side.received == [1, 2])
        side.link?.resume()
        #expect(side.received == [1, 2, 3, 4, 5, 6])
    }

    @Test("What is sent waits while the channel takes nothing, and then goes out in order, in portions")
    func gating() throws {
        let side = Side()
        let channel = try Self.open(side)
        channel.isWritable = false
        let body = ByteBuffer(repeating: 1, count: 1_000_000)
        for id in 1...3 as ClosedRange<UInt64> { side.link?.send(Frame(.reply, id: id, FrameMessage(code: 1, body: body))) }
        side.link?.flush()
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil && side.sent.isEmpty)
        channel.isWritable = true
        side.link?.flush()
        #expect(side.sent == [1, 2, 3])
        var (reader, found) = (FrameReader(), [UInt64]())
        reader.bounds = .init(head: 1000, body: 8 << 20)
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            #expect(part.readableBytes <= FrameLink.portion)
            reader.append(part)
            while let frame = try reader.next() {
                #expect(frame.message.body == body)
                found.append(frame.id)
            }
        }
        #expect(found == [1, 2, 3])
    }

    @Test("The end comes after all that was sent, and is told once")
    func finishing() throws {
        let side = Side()
        let channel = try Self.open(side)
        channel.isWritable = false
        side.link?.send(Frame(.goodbye, id: 7, text: "done"))
        side.link?.finish(because: "of a test")
        #expect(side.reasons.isEmpty)
        channel.isWritable = true
        side.link?.flush()
        channel.embeddedEventLoop.run()
        #expect(side.sent == [7] && side.reasons == ["of a test"] && !channel.isActive)
    }
}
