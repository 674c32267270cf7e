internal import Foundation
package import FrameKit
internal import Frames
package import Resources
internal import VolumeService
internal import Volumes

/// A lender in a process of its own, which can be killed, with one lease that is bound to a volume.
package struct StoreProcess: Codable, Sendable {
    private static let lease = LeaseID(high: 5, low: 1)

    private let volume: VolumeID
    private let directory: String
    private let peer: StoredPeer
    private let borrower: NodeID
    private let users: [NodeID]
    private let size: Bytes

    /// - Parameters:
    ///   - borrower: the home of the volume.
    ///   - users: who may read and write.
    package init(
        _ volume: VolumeID, in directory: String, as peer: StoredPeer, size: Bytes, borrower: NodeID, users: [NodeID]
    ) {
        (self.volume, self.directory, self.peer, self.size) = (volume, directory, peer, size)
        (self.borrower, self.users) = (borrower, users)
    }

    package var node: NodeID { peer.node }

    /// Serves as long as it is needed.
    package func run(while isNeeded: @Sendable () -> Bool) async throws {
        let storage = try LentStorage(
            in: try LendingDirectory(directory), as: peer.node, .init(room: size), clock: { .ofSystem }, onClosed: { _ in })
        try storage.open(Self.lease, size, of: borrower)
        for request in [BlockRequest.bind(Self.lease), .admit(users, heirs: [], epoch: 1)] {
            let message = FrameMessage(code: request.code, head: BlockMessage(request, of: volume).head)
            _ = try storage.answer(message, of: borrower)
        }
        let server = FrameServer([storage], as: peer.node, limits: .wide, times: .patient)
        let listener = try await FrameListener(server, host: "127.0.0.1", port: 0, as: peer)
        OtherProcess.say(listener.port)
        while isNeeded() {
            if FileManager.default.fileExists(atPath: order) { storage.drain(Self.lease, hold: .hours(1)) }
            storage.tend()
            usleep(20_000)
        }
    }

    private var order: String { directory + "/drain" }

    /// Has it give its lease back, soon.
    package func drain() { _ = FileManager.default.createFile(atPath: order, contents: nil) }

    package func start() async throws -> OtherProcess { try await OtherProcess("store", self) }
}
