internal import Resources
internal import Synchronization

/// What was granted to whom and not used, in bytes of what blocks take in the store: nobody can use or give back what is another's.
final class GrantBook: Sendable {
    private struct Holder: Hashable {
        let node: NodeID
        let volume: VolumeID
    }

    private let held = Mutex<[Holder: Int64]>([:])

    func held(by node: NodeID, _ volume: VolumeID) -> Bytes {
        Bytes(held.withLock { $0[Holder(node: node, volume: volume)] ?? 0 })
    }

    func add(_ bytes: Bytes, to node: NodeID, _ volume: VolumeID) {
        held.withLock { $0[Holder(node: node, volume: volume), default: 0] += bytes.rawValue }
    }

    /// Takes so much from what a node has, or nothing when it has less.
    func take(_ bytes: Bytes, from node: NodeID, _ volume: VolumeID) -> Bool {
        let holder = Holder(node: node, volume: volume)
        return held.withLock { held in
            guard let has = held[holder], has >= bytes.rawValue else { return false }
            held[holder] = has == bytes.rawValue ? nil : has - bytes.rawValue
            return true
        }
    }

    /// Takes so much from what a node has, or all of it when it has less.
    ///
    /// - Returns: how much.
    func takeUp(to bytes: Bytes, from node: NodeID, _ volume: VolumeID) -> Bytes {
        let holder = Holder(node: node, volume: volume)
        return held.withLock { held in
            let has = held[holder] ?? 0
            let taken = min(has, bytes.rawValue)
            held[holder] = has == taken ? nil : has - taken
            return Bytes(taken)
        }
    }

    /// Takes all that a node has.
    func takeAll(from node: NodeID, _ volume: VolumeID) -> Bytes {
        Bytes(held.withLock { $0.removeValue(forKey: Holder(node: node, volume: volume)) ?? 0 })
    }
}
