import Frames
import NIOCore
import Resources
import Wire

/// How this node shows itself, and knows others, where blocks and metadata of volumes pass: as in all of the pool.
struct PoolFrames: FrameIdentity {
    let gate: Gate

    var node: NodeID { gate.current.node }

    var credentials: FrameCredentials {
        let credentials = gate.credentials
        return FrameCredentials(chain: credentials.chain, privateKey: credentials.privateKey)
    }

    func identify(_ chain: [[UInt8]]) throws -> NodeID { try gate.identify(chain).node }
}

/// Serves frames on the port where other nodes call.
struct FrameCompanion: CompanionProtocol {
    let server: FrameServer

    var applicationProtocol: String { FrameServer.applicationProtocol }

    func negotiator(prove: @escaping () -> Result<NodeID, any Error>) -> any ChannelHandler {
        server.negotiator(prove: prove)
    }
}

extension FrameLimits {
    /// For servers of homes: a session has many requests under way whose answers wait for each other.
    static var ofHomes: Self {
        var limits = Self()
        (limits.running, limits.requests) = (512, 1024)
        return limits
    }
}
