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

    /// The largest volume that nodes with so much room can hold, in whole MiB: on as many as there are to be copies, or with one to
    /// spare.
    ///
    /// - Parameter isOnAll: whether it has to be on all of them.
    static func largest(in rooms: [Bytes], copies: Int, isOnAll: Bool) -> Bytes {
        let sorted = rooms.sorted(by: >)
        let counts = isOnAll ? [rooms.count] : [copies, copies + 1]
        let sizes = counts.filter { $0 >= copies && $0 <= rooms.count }.map { largest(in: sorted[$0 - 1], copies, $0) }
        return sizes.max() ?? .zero
    }

    /// A larger volume never takes less, so that halving the span finds it.
    private static func largest(in room: Bytes, _ copies: Int, _ nodes: Int) -> Bytes {
        var (fits, tooMuch): (Int64, Int64) = (0, Bounds.disk.rawValue >> 20)
        while tooMuch - fits > 1 {
            let middle = (fits + tooMuch) / 2
            if share(of: .mebibytes(middle), copies: copies, nodes: nodes) <= room { fits = middle } else { tooMuch = middle }
        }
        return .mebibytes(fits)
    }

    // MARK: Giving back

    /// How a node comes to give no more than it needs to.
    struct Return: Hashable {
        /// Leases that are ended.
        var ended: [LeaseID] = []
        /// What is borrowed anew first, because they would have gone too far; zero for nothing.
        var borrowed = Bytes.zero
        /// What it gives less afterwards.
        var returned = Bytes.zero
    }

    /// What of some leases on a node is given back when only so much is needed. A smaller lease takes the place of larger ones where an
    /// eighth of what they have comes back by that.
    static func surplus(of leases: [(id: LeaseID, size: Bytes)], beyond needed: Bytes) -> Return {
        let total = leases.reduce(Bytes.zero) { $0 + $1.size }
        var (left, result) = (total, Return())
        for lease in leases.sorted(by: { ($1.size, $0.id) < ($0.size, $1.id) }) where left - lease.size >= needed {
            left = left - lease.size
            result.ended.append(lease.id)
        }
        if left > needed, left - needed >= left.scaled(by: 1, over: 8) {
            (left, result.ended, result.borrowed) = (needed, leases.map(\.id), needed)
        }
        result.returned = total - left
        return result
    }
}
