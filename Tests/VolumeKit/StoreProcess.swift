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
    /// 0 lets the system choose.
    private let port: Int

    /// - Parameters:
    ///   - borrower: the home of the volume.
    ///   - users: who may read and write.
    package init(
        _ volume: VolumeID, in directory: String, as peer: StoredPeer, size: Bytes, borrower: NodeID, users: [NodeID],
        port: Int = 0
    ) {
        (self.volume, self.directory, self.peer, self.size, self.port) = (volume, directory, peer, size, port)
        (self.borrower, self.users) = (borrower, users)
    }

    package var node: NodeID { peer.node }

    /// Serves as long as it is needed.
    package func run(while isNeeded: @Sendable () -> Bool) async throws {
        var options = LentStorage.Options(room: size)
        options.segmentSize = .mebibytes(16)
        let storage = try LentStorage(
            in: try LendingDirectory(directory), as: peer.node, options, clock: { .ofSystem }, onClosed: { _ in })
        if !isDraining { try lend(storage) }
        let server = FrameServer([storage], as: peer.node, limits: .wide, times: .patient)
        let listener = try await FrameListener(server, host: "127.0.0.1", port: port, as: peer)
        OtherProcess.say(listener.port)
        while isNeeded() {
            if isDraining { storage.drain(Self.lease, hold: .hours(1)) }
            storage.tend()
            usleep(20_000)
        }
    }

    private func lend(_ storage: LentStorage) throws {
        // What was there under an earlier lease may still have to be deleted.
        storage.tend()
        try storage.open(Self.lease, size, of: borrower)
        while try !isDone(.bind(Self.lease), storage) { storage.tend() }
        // Whom the home has named since then stays when it began again.
        _ = try isDone(.admit(users, heirs: [], epoch: 1), storage)
    }

    private func isDone(_ request: BlockRequest, _ storage: LentStorage) throws -> Bool {
        let message = FrameMessage(code: request.code, head: BlockMessage(request, of: volume).head)
        let answer = try storage.answer(message, of: borrower)
        return try BlockReply(code: answer.code, head: answer.head) == .done
    }

    private var order: String { directory + "/drain" }
    private var isDraining: Bool { FileManager.default.fileExists(atPath: order) }

    /// Has it give its lease back, soon.
    package func drain() { _ = FileManager.default.createFile(atPath: order, contents: nil) }

    /// Has it lend again from its next start on, when it has given its lease back.
    package func lendAgain() throws { try FileManager.default.removeItem(atPath: order) }

    package func start() async throws -> OtherProcess { try await OtherProcess("store", self) }
}
