package import BlockStore
package import Frames
internal import Resources
internal import Volumes

@testable package import VolumeService

/// Serves the blocks of one store to nodes that may use them, without leases.
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
        let message = try BlockMessage(request)
        if let reason = rule(caller.node, message.request.access, message.volume) { throw FrameRefusal(.notPermitted, reason) }
        let isAdministrator = rule(caller.node, .administer, message.volume) == nil
        let work = Work(
            store: store, grants: grants, node: caller.node, volume: message.volume, isAdministrator: isAdministrator)
        return work.reply(to: message.request, request.pieces)
    }
}
