package import Resources
package import VolumeStore

/// Who is told what of a home; on any thread, where it must not block, or stop the home.
package struct HomeListeners: Sendable {
    /// It has ended by itself, and why; once.
    package var ended: @Sendable (VolumeStoreError) -> Void = { _ in }
    /// A node wants a session, which begins when the closure is called, once.
    package var coming: @Sendable (NodeID, @escaping @Sendable () -> Void) -> Void = { _, goOn in goOn() }
    /// A node's last session is over.
    package var left: @Sendable (NodeID) -> Void = { _ in }
    /// A session has found that a copy of a block is not what it should be.
    package var damaged: @Sendable (BlockID, NodeID) -> Void = { _, _ in }
    /// Blocks are in files that have fewer copies than they are to have.
    package var lacking: @Sendable ([BlockID]) -> Void = { _ in }

    package init() {}
}
