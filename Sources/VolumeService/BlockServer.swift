package import BlockStore
package import Frames
internal import NIOCore
internal import Resources
internal import Volumes

/// Serves the blocks of one store to nodes that may use them.
///
/// Nothing is acknowledged as durable that is not. Durable requests that come at the same time share one synchronization of the disk.
package final class BlockServer: FrameService {
    package var codes: ClosedRange<UInt16> { BlockRequest.codes }

    private let store: BlockStore
    private let rule: VolumeRule
    private let grants = GrantBook()

    package init(_ store: BlockStore, rule: @escaping VolumeRule) {
        self.store = store
        self.rule = rule
    }

    package func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        let message: BlockMessage
        do throws(MalformedMessage) { message = try BlockMessage(code: request.code, head: request.head) } catch {
            throw FrameRefusal(.malformed, "a request to a block store that makes no sense: \(error)")
        }
        if let reason = rule(caller.node, message.request.access, message.volume) { throw FrameRefusal(.notPermitted, reason) }
        let work = Work(store: store, grants: grants, node: caller.node, volume: message.volume)
        do throws(BlockStoreError) {
            return try work.answer(message.request, request.body)
        } catch {
            return FrameMessage(.failed(BlockFault(error)))
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
        case .delete, .raise, .releaseAll: .administer
        case .list, .verify, .usage: .inspect
        }
    }
}
