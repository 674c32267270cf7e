internal import Foundation
internal import Frames
internal import NIOCore
package import Resources
internal import VolumeService
internal import Volumes

/// What tests ask a node that keeps volumes in a process of its own.
package enum HomesQuestion: Codable, Sendable {
    static let code: UInt16 = 0x7000

    /// How the copies of its content are.
    case standing(VolumeID)
    /// These are its lenders from now on.
    case provide([MountPlan.Server], to: VolumeID)
}

/// How the copies of a volume are, as its home knows it.
package struct VolumeStanding: Codable, Sendable {
    package struct Stored: Codable, Sendable {
        package let id: BlockID
        package let checksum: UInt32
        package let nodes: [NodeID]
    }

    /// Blocks that files refer to.
    package let blocks: [Stored]
    /// Records that a backup has not synced yet, of the one that lacks most.
    package let behind: UInt64
    /// For people who look why something is not as it should be.
    package let summary: String

    fileprivate init(_ volume: VolumeID, _ homes: VolumeHomes) throws {
        let status = try homes.status(of: volume)
        let named = try status.stores.flatMap { try homes.blocks(of: volume, on: $0.place.node, after: nil, limit: 10_000) }
        let living = Set(named.filter { $0.live > 0 })
        blocks = living.map { Stored(id: $0.id, checksum: $0.checksum, nodes: $0.replicas) }.sorted { $0.id < $1.id }
        behind = status.backups.map(\.behind).max() ?? 0
        let lenders = status.stores.map { "\($0.place.node) is \($0.place.condition.phase), \($0.live) live" }
        summary = "\(status.blocks), \(behind) records behind; " + lenders.joined(separator: "; ")
    }
}

/// Answers what tests ask of a node that keeps volumes.
struct HomesDesk: FrameService {
    let homes: VolumeHomes

    init(_ homes: VolumeHomes) { self.homes = homes }

    var codes: ClosedRange<UInt16> { HomesQuestion.code...HomesQuestion.code }

    func answer(_ request: FrameMessage, from caller: FrameCaller) throws(FrameRefusal) -> FrameMessage {
        do { return FrameMessage(code: request.code, body: ByteBuffer(bytes: try answer(request.body))) } catch {
            throw FrameRefusal(.busy, "\(error)")
        }
    }

    private func answer(_ question: ByteBuffer) throws -> Data {
        switch try JSONDecoder().decode(HomesQuestion.self, from: Data(question.readableBytesView)) {
        case .standing(let volume): return try JSONEncoder().encode(VolumeStanding(volume, homes))
        case .provide(let stores, let volume):
            try homes.provide(stores.map(\.place), to: volume)
            return Data()
        }
    }
}

extension FramePool {
    /// - Throws: also when the home does not know it now.
    func answer(to question: HomesQuestion) async throws -> Data {
        let body = ByteBuffer(bytes: try JSONEncoder().encode(question))
        let answer = try await call(FrameMessage(code: HomesQuestion.code, body: body), within: .seconds(10))
        return Data(answer.body.readableBytesView)
    }
}
