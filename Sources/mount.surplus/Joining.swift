import Frames
import Mounts
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
    let log: MountLog
    let options: MountOptions

    /// - Throws: when the home cannot be reached or refuses; nothing is left of it then.
    func open() throws(MountFailure) -> VolumeFileSystem {
        let relay = NoticeRelay()
        let link = try begin(relay)
        do throws(PosixError) {
            let blocks = try link.blockPool { [credentials] place in
                FramePool(to: place.node, host: place.host, port: Int(place.port), as: credentials)
            }
            let changesDurably = options.isSynchronous || options.hasSynchronousDirectories
            let system = VolumeFileSystem(home: link, blocks: blocks, changesDurably: changesDurably) { [log] inode, error in
                log.write(
                    .error,
                    "inode \(inode.rawValue): what was written to it and not made durable is lost, or may be: "
                        + Background.text(of: error.rawValue))
            }
            relay.system.withLock { $0 = system }
            // What was said before nobody has heard.
            system.connected()
            return system
        } catch {
            link.end()
            throw failure(error)
        }
    }

    private func begin(_ relay: NoticeRelay) throws(MountFailure) -> HomeLink {
        var random = SystemRandomNumberGenerator()
        let session = SessionID(at: NodeCredentials.now, using: &random)
        // Where it is now the agent has just said.
        let known = Mutex<HomeContact?>(home)
        do throws(PosixError) {
            return try HomeLink(
                to: volume, session: session, as: credentials.node,
                find: { [agent, volume] in
                    let first = known.withLock { known in
                        defer { known = nil }
                        return known
                    }
                    return (first ?? agent.locate(volume))?.address
                },
                dial: { [credentials] address in
                    // What the home says to a session comes on one connection.
                    var options = FramePool.Options()
                    options.connections = 1
                    return FramePool(to: address.node, host: address.host, port: address.port, as: credentials, options) {
                        relay.pass($0)
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

    /// On an event loop.
    func pass(_ notice: FrameMessage) { system.withLock { $0 }?.heed(notice) }
}
