package import Frames
internal import Resources
package import Volumes

// What the home knows of blocks: where they can be, and how they are encrypted.

extension HomeLink {
    /// The stores of the volume, as they are now.
    func stores() throws(PosixError) -> [StorePlace] {
        guard case .stores(let places) = try ask(.stores) else { throw .protocolFault }
        return places
    }

    /// Tells the home of a copy that is not what it should be, or not there. Comes back at once.
    func tell(damaged block: BlockID, on node: NodeID) {
        reporting.async { [weak self] in _ = try? self?.ask(.damaged(block, on: node)) }
    }

    /// The stores of the volume, with as many copies and the key that it has.
    ///
    /// - Parameter dial: makes the connections to a store.
    /// - Throws: ``PosixError/protocolFault`` when the home has told no key; otherwise as ``ask(_:)``.
    package func blockPool(
        _ options: BlockPool.Options = BlockPool.Options(), dial: @escaping @Sendable (StorePlace) -> FramePool
    ) throws(PosixError) -> BlockPool {
        guard traits.key.count == VolumeCipher.keyLength else { throw .protocolFault }
        let pool = BlockPool(
            volume, as: node, copies: traits.copies, cipher: VolumeCipher(key: traits.key), options, dial: dial,
            onDamage: { [weak self] in self?.tell(damaged: $0, on: $1) })
        pool.learn(try stores())
        return pool
    }
}
