import Resources

/// What keeps this node's volumes: those of which it is the home or a backup, and new ones.
///
/// Whoever asks has checked who may, that the node is the home where a method says so, and that quantities are within bounds. What
/// cannot be done is thrown: a ``Refusal`` or another error whose description is one sentence for people, with the remedy. Nothing
/// has changed then, unless a method says otherwise.
///
/// Long work goes on to its end, also after a restart, when whoever asked has gone: `report` throws then, or the task is cancelled,
/// and the method may come back with that. Asked for again while it is under way, it is joined.
protocol VolumeKeeping: Sendable {
    typealias Reporter = @Sendable (VolumeProgress) async throws -> Void

    /// The volumes that this node keeps, in the order of their ids. Answers at once, from memory.
    func kept() async -> [KeptVolume]

    /// How a volume is whose home this node is.
    func condition(of volume: VolumeID) async throws -> VolumeCondition

    /// Where the data of a new volume would go. Nothing is borrowed for it; what is short is a ``VolumePlan/refusal``.
    func plan(_ wish: VolumeWish) async throws -> VolumePlan

    /// Makes a volume with this node as its home. Comes back once it is durable, has the room it needs and can be mounted; when it
    /// throws, nothing of it is left.
    ///
    /// - Parameter user: who asked, for the record; so in all methods.
    func create(_ wish: VolumeWish, by user: String) async throws -> KeptVolume

    /// What it would take to have a volume of another size: what would be borrowed, or what would be copied off what is given back.
    func plan(_ volume: VolumeID, resizedTo size: Bytes) async throws -> VolumePlan

    /// Borrows more and raises the limit, or lowers it, moves blocks together and gives back what is not needed.
    ///
    /// - Throws: also when the content does not fit, or nobody lends so much.
    func resize(_ volume: VolumeID, to size: Bytes, by user: String, _ report: @escaping Reporter) async throws -> VolumeOutcome

    /// Where what a volume has on a node would go.
    func plan(_ volume: VolumeID, leaving node: NodeID) async throws -> VolumePlan

    /// Moves all blocks of a volume off a node: no new ones go there, each gets its copies elsewhere, and only then are those there
    /// deleted. Afterwards the lease under which the node lends room is ended.
    func evacuate(
        _ volume: VolumeID, leaving node: NodeID, by user: String, _ report: @escaping Reporter
    ) async throws -> VolumeOutcome

    /// Reads every copy of every block, and replaces what is not what was stored.
    func scrub(_ volume: VolumeID, by user: String, _ report: @escaping Reporter) async throws -> VolumeOutcome

    /// Compares a volume's metadata with itself, and with what the stores have. Changes nothing.
    func check(_ volume: VolumeID, by user: String, _ report: @escaping Reporter) async throws -> VolumeOutcome

    /// Makes this node, a backup, the home, in a new epoch.
    ///
    /// - Throws: also when a node is not heard of that may have acknowledged what nobody else has.
    func takeOver(_ volume: VolumeID, by user: String) async throws -> KeptVolume

    /// Deletes a volume with all that is in it. Comes back once it is durable that there is no such volume any more; nodes that are
    /// not heard of are told later.
    func delete(_ volume: VolumeID, by user: String) async throws -> VolumeRemoval
}
