import Frames
import Glibc
import Resources
import Synchronization
import VolumeClient
import Volumes

/// Joins a volume: a session with its home, connections to its stores, and the file system over both.
struct Joining: Sendable {
    let volume: VolumeID
    let home: HomeContact
    let credentials: NodeCredentials
    let agent: LocalAgent

    /// - Throws: when the home cannot be reached or refuses; nothing is left of it then.
    func open() throws(MountFailure) -> VolumeFileSystem {
        let notices = NoticeRelay()
        let link = try begin(notices)
        do throws(PosixError) {
            guard case .stores(let stores) = try link.ask(.stores) else { throw .protocolFault }
            let traits = link.traits
            guard traits.key.count == VolumeCipher.keyLength else { throw .protocolFault }
            let blocks = BlockPool(
                volume, as: credentials.node, copies: traits.copies, cipher: VolumeCipher(key: traits.key),
                dial: { [credentials] in FramePool(to: $0.node, host: $0.host, port: Int($0.port), as: credentials) },
                onDamage: { [weak link] block, node in _ = try? link?.ask(.damaged(block, on: node)) })
            blocks.learn(stores)
            let system = VolumeFileSystem(home: link, blocks: blocks)
            notices.system.withLock { $0 = system }
            return system
        } catch {
            link.end()
            throw failure(error)
        }
    }

    private func begin(_ notices: NoticeRelay) throws(MountFailure) -> HomeLink {
        var random = SystemRandomNumberGenerator()
        let session = SessionID(at: NodeCredentials.now, using: &random)
        do throws(PosixError) {
            return try HomeLink(
                to: volume, session: session, as: credentials.node,
                find: { [agent, volume, home] in (agent.locate(volume) ?? home).address },
                dial: { [credentials] address in
                    // The notices of one session come on one connection.
                    var options = FramePool.Options()
                    options.connections = 1
                    return FramePool(to: address.node, host: address.host, port: address.port, as: credentials, options) {
                        notices.pass($0)
                    }
                })
        } catch { throw failure(error) }
    }

    private func failure(_ error: PosixError) -> MountFailure {
        let place = "its home \(home.node) at \(home.host):\(home.port)"
        switch error {
        case .accessDenied: return MountFailure(.failed, "\(volume): \(place) does not let this node use it; see 'surplus nodes'")
        case .inputOutput:
            return MountFailure(.failed, "\(volume): \(place) does not answer; see 'surplus volume status \(volume)'")
        default:
            return MountFailure(.failed, "\(volume): \(place) has answered: \(Background.text(of: error.rawValue))")
        }
    }
}

extension HomeContact {
    fileprivate var address: HomeAddress { HomeAddress(node, host: host, port: port) }
}

/// Passes on what the home says unasked, once there is somebody to hear it.
private final class NoticeRelay: Sendable {
    let system = Mutex<VolumeFileSystem?>(nil)

    func pass(_ notice: FrameMessage) { system.withLock { $0 }?.heed(notice) }
}
