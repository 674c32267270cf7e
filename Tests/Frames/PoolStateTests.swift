import NIOCore
import NIOEmbedded
import Testing

@testable import Frames

@Suite("What a pool decides")
struct PoolStateTests {
    private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private static func at(_ milliseconds: Int64) -> NIODeadline { start + .milliseconds(milliseconds) }

    private static func options(_ change: (inout FramePool.Options) -> Void = { _ in }) -> FramePool.Options {
        var options = FramePool.Options()
        change(&options)
        return options
    }

    private static func connection(_ number: UInt64) -> FrameConnection {
        let channel = EmbeddedChannel()
        return FrameConnection(number: number, channel: channel, FrameInbox(channel.eventLoop) { _ in })
    }

    private static func call(_ number: UInt64, until deadline: Int64 = 1_000_000, expecting expected: Int = 0) -> FrameCall {
        FrameCall(number: number, FrameMessage(code: 1), expecting: expected, deadline: at(deadline)) { _ in }
    }

    /// A text for each step, to compare.
    private static func text(_ steps: [PoolState.Step]) -> [String] {
        steps.map { step in
            switch step {
            case .send(let call, let connection): "send \(call.number) on \(connection.number)"
            case .connect(let number): "connect \(number)"
            case .fail(let call, let error): "fail \(call.number): \(error)"
            case .look: "look"
            }
        }
    }

    @Test("The first call makes a connection, and goes out when it is there")
    func first() {
        var state = PoolState(Self.options())
        #expect(Self.text(state.start(Self.call(101), at: Self.at(0))) == ["connect 1", "look"])
        #expect(Self.text(state.start(Self.call(102), at: Self.at(0))).isEmpty)
        #expect(Self.text(state.opened(Self.connection(1), capacity: 8)) == ["send 101 on 1", "send 102 on 1"])
    }

    @Test("Failures to connect fail what waits, and calls during the pause after each, which doubles up to its bound")
    func pauses() {
        var state = PoolState(Self.options())
        var now: Int64 = 0
        for (attempt, pause) in [25, 50, 100, 200, 400, 400, 400].enumerated() {
            let call = UInt64(100 + attempt)
            #expect(Self.text(state.start(Self.call(call), at: Self.at(now))).first == "connect \(attempt + 1)")
            #expect(
                Self.text(state.failed(UInt64(attempt + 1), because: "x", at: Self.at(now)))
                    == ["fail \(call): failed to connect: x"])
            #expect(
                Self.text(state.start(Self.call(999), at: Self.at(now + Int64(pause) - 1))) == ["fail 999: failed to connect: x"])
            now += Int64(pause)
        }
    }

    @Test("Of the calls to a server that could not be reached only one waits for the next attempt")
    func doubt() {
        var state = PoolState(Self.options())
        #expect(!state.isDoubtful)
        _ = state.start(Self.call(101), at: Self.at(0))
        _ = state.failed(1, because: "x", at: Self.at(0))
        #expect(state.isDoubtful)
        #expect(Self.text(state.start(Self.call(102), at: Self.at(25))).first == "connect 2")
        #expect(Self.text(state.start(Self.call(103), at: Self.at(25))) == ["fail 103: failed to connect: x"])
        #expect(Self.text(state.opened(Self.connection(2), capacity: 8)) == ["send 102 on 2"])
        #expect(!state.isDoubtful)
    }

    @Test("More calls wait than may, and the next is refused")
    func waiting() {
        var state = PoolState(Self.options { ($0.waiting, $0.connections) = (2, 1) })
        for number in 101...102 { _ = state.start(Self.call(UInt64(number)), at: Self.at(0)) }
        #expect(Self.text(state.start(Self.call(103), at: Self.at(0))) == ["fail 103: too many calls wait for an answer"])
        #expect(Self.text(state.opened(Self.connection(1), capacity: 1)) == ["send 101 on 1"])
    }

    @Test("A connection has no more calls than it takes; each that ends makes room for the next")
    func capacity() {
        var state = PoolState(Self.options { $0.connections = 1 })
        let calls = (0..<3).map { Self.call(UInt64(101 + $0)) }
        for call in calls { _ = state.start(call, at: Self.at(0)) }
        #expect(Self.text(state.opened(Self.connection(1), capacity: 2)) == ["send 101 on 1", "send 102 on 1"])
        #expect(Self.text(state.finished(calls[1], on: 1)) == ["send 103 on 1"])
        #expect(Self.text(state.finished(calls[0], on: 1)).isEmpty)
    }

    @Test("A busy connection gets company, up to the bound")
    func growth() {
        var state = PoolState(Self.options { ($0.connections, $0.callsToGrow) = (2, 1) })
        _ = state.start(Self.call(101), at: Self.at(0))
        _ = state.opened(Self.connection(1), capacity: 8)
        #expect(Self.text(state.start(Self.call(102), at: Self.at(0))) == ["send 102 on 1", "connect 2"])
        _ = state.opened(Self.connection(2), capacity: 8)
        #expect(Self.text(state.start(Self.call(103), at: Self.at(0))) == ["send 103 on 2"])
        #expect(Self.text(state.start(Self.call(104), at: Self.at(0))) == ["send 104 on 2"])
    }

    @Test("Small calls keep out of the way of large answers")
    func weight() {
        var state = PoolState(Self.options { $0.connections = 2 })
        _ = state.start(Self.call(101), at: Self.at(0))
        _ = state.opened(Self.connection(1), capacity: 8)
        #expect(Self.text(state.start(Self.call(102, expecting: 4 << 20), at: Self.at(0))) == ["send 102 on 1"])
        #expect(Self.text(state.start(Self.call(103), at: Self.at(0))) == ["send 103 on 1", "connect 2"])
        _ = state.opened(Self.connection(2), capacity: 8)
        for number in 104...106 as ClosedRange<UInt64> {
            #expect(Self.text(state.start(Self.call(number), at: Self.at(0))) == ["send \(number) on 2"])
        }
    }

    @Test("At its deadline a call is given up, waiting or sent; its place on the connection is kept for what may still come")
    func deadlines() {
        var state = PoolState(Self.options { $0.connections = 1 })
        let (early, late) = (Self.call(101, until: 100), Self.call(102, until: 200))
        _ = state.start(early, at: Self.at(0))
        _ = state.opened(Self.connection(1), capacity: 1)
        #expect(Self.text(state.start(late, at: Self.at(0))).isEmpty)
        #expect(Self.text(state.look(at: Self.at(100), planned: Self.at(100))) == ["fail 101: no answer in time", "look"])
        #expect(Self.text(state.look(at: Self.at(200), planned: Self.at(200))) == ["fail 102: no answer in time"])
        #expect(Self.text(state.finished(early, on: 1)).isEmpty)
    }

    @Test("When a connection goes down, what waits gets another; when it is being ended, new calls go elsewhere")
    func replacement() {
        var state = PoolState(Self.options { $0.connections = 1 })
        let calls = (0..<2).map { Self.call(UInt64(101 + $0)) }
        for call in calls { _ = state.start(call, at: Self.at(0)) }
        _ = state.opened(Self.connection(1), capacity: 1)
        #expect(Self.text(state.closed(1, ending: [calls[0]], at: Self.at(0))) == ["connect 2"])
        #expect(Self.text(state.opened(Self.connection(2), capacity: 1)) == ["send 102 on 2"])
        _ = state.leaving(2, at: Self.at(0))
        #expect(Self.text(state.start(Self.call(103), at: Self.at(0))) == ["connect 3"])
    }
}
