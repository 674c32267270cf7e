/// What one connection takes at most. What goes beyond it waits on the other side.
package struct FrameLimits: Hashable, Sendable {
    /// Of a head, in bytes.
    package var head = 64 << 10
    /// Of a body, in bytes: a block and something to go with it.
    package var body = (4 << 20) + (128 << 10)
    /// Requests at a time on a connection that were not answered.
    package var requests = 128
    /// At how many bytes of requests and of replies not sent yet a connection is read no further.
    package var bytes = 8 << 20
    /// Requests of one connection that are worked on at a time.
    package var running = 8
    /// Notices that wait to be sent; a client that takes no more of them is cut off.
    package var notices = 1024
    /// Connections to a server, and those of them whose other end is not proven.
    package var connections = 256
    package var strangers = 64
    /// Connections from one node.
    package var connectionsPerNode = 16

    package init() {}
}

/// How long things may take.
package struct FrameTimes: Hashable, Sendable {
    /// How often something is sent at least, so that the other side knows that this one is alive.
    package var heartbeat = Duration.milliseconds(500)
    /// After how long without a sign of life a connection is given up; four heartbeats at least.
    package var silence = Duration.seconds(2)
    /// From the attempt to connect until both sides have said who they are.
    package var opening = Duration.seconds(2)
    /// For which a frame may come in parts, and for which the other side may take nothing of what is sent.
    package var stall = Duration.seconds(30)
    /// After the first failure to connect, for how long no other attempt is made; doubles up to the longest.
    package var shortestPause = Duration.milliseconds(25)
    package var longestPause = Duration.milliseconds(400)

    package init() {}

    /// How often to send something when the other side asks for it every so many milliseconds.
    func beat(asked milliseconds: UInt32) -> Duration {
        max(.milliseconds(20), min(heartbeat, .milliseconds(Int64(milliseconds))))
    }
}
