internal import Dispatch
internal import Frames
internal import NIOCore
internal import Resources
internal import Volumes

/// Carries messages between nodes that keep journals. Those to one node are handed over one after the other.
struct JournalPost: Sendable {
    private static let patience = Duration.seconds(2)
    /// After a message could not be handed over the next one waits.
    private static let pause = DispatchTimeInterval.milliseconds(50)

    let pools: NodePools
    private let queue = DispatchQueue(label: "surplus.volume.post")

    init(_ pools: NodePools) { self.pools = pools }

    /// - Parameter done: is called when it has arrived or will not.
    func send(_ message: JournalMessage, of volume: VolumeID, to node: NodeID, done: @escaping @Sendable () -> Void) {
        guard let pool = pools.pool(to: node) else { return queue.asyncAfter(deadline: .now() + Self.pause, execute: done) }
        let body = ByteBuffer(bytes: JournalEnvelope(message, of: volume).encoded)
        pool.start(FrameMessage(code: message.code, body: body), within: Self.patience) { [queue] result in
            switch result {
            case .success: queue.async(execute: done)
            case .failure: queue.asyncAfter(deadline: .now() + Self.pause, execute: done)
            }
        }
    }
}

extension FrameMessage {
    /// Says that a message of a journal has arrived.
    static var arrived: FrameMessage { FrameMessage(code: 0x03ff) }
}
