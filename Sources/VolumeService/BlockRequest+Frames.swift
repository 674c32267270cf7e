internal import Frames
internal import NIOCore
internal import Volumes

// Requests to block stores as frames, and what they take.

extension BlockMessage {
    init(_ frame: FrameMessage) throws(FrameRefusal) {
        do throws(MalformedMessage) { self = try BlockMessage(code: frame.code, head: frame.head) } catch {
            throw FrameRefusal(.malformed, "a request to a block store that makes no sense: \(error)")
        }
    }
}

extension FrameMessage {
    init(_ reply: BlockReply, _ body: ByteBuffer = ByteBuffer()) { self.init(code: reply.code, head: reply.head, body: body) }
}

extension BlockRequest {
    /// What right it takes.
    var access: VolumeAccess {
        switch self {
        case .put, .synchronize, .grant, .release: .write
        case .read, .readWhole: .read
        case .delete, .raise, .releaseAll, .bind, .admit, .drop: .administer
        case .list, .verify, .usage: .inspect
        }
    }
}
