import Resources

/// How much room a volume takes on the nodes that lend it.
enum VolumeRoom {
    /// Of a store a segment is kept for winning room back: an eighth of it, and no more than that of a large one.
    private static let largestReserve = Bytes.mebibytes(256)
    /// For checksums, seals, and blocks that are deleted and not won back yet, in percent.
    private static let overhead: Int64 = 6

    /// What each of some nodes has to set aside so that a volume of a size has its copies, also when one of more nodes than there are to
    /// be copies is lost.
    static func share(of size: Bytes, copies: Int, nodes: Int) -> Bytes {
        let spread = Int64(max(1, nodes > copies ? nodes - 1 : nodes))
        let content = min(size, size.scaled(by: Int64(copies), over: spread) + Bytes(1))
        return lease(for: content)
    }

    /// What has to be set aside for so much content, in whole MiB.
    static func lease(for content: Bytes) -> Bytes {
        let stored = content.scaled(by: 100 + overhead, over: 100)
        let total = stored + min(largestReserve, stored.scaled(by: 1, over: 7))
        return .mebibytes(total.rawValue / Bytes.mebibytes(1).rawValue + 1)
    }
}
