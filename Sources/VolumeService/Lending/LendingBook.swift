internal import Resources

/// What a node lends, to whom, and for which volume. All of it is durable.
struct LendingBook: Codable, Hashable, Sendable {
    /// Room that one node has borrowed.
    struct Loan: Codable, Hashable, Sendable {
        let lease: LeaseID
        let borrower: NodeID
        var size: Bytes
        /// What it is used for; `nil` until the borrower has said so.
        var volume: VolumeID?
        /// When it ends at the latest, once it is being given back.
        var end: Deadline?

        var isOpen: Bool { end == nil }
    }

    /// A volume that has blocks here.
    struct Use: Codable, Hashable, Sendable {
        let volume: VolumeID
        /// Whether it is one of this node's own, and what this node gives to it. It stays so until nothing is there any more.
        var isOwn = false
        var own = Bytes.zero
        /// Who may use it, and who may take it over, its home among them, in order.
        var admitted: [NodeID] = []
        var heirs: [NodeID] = []
        /// Whether what is there is to be deleted.
        var isDropped = false
    }

    /// Of this format.
    var schema = Self.version
    private(set) var loans: [Loan] = []
    private(set) var uses: [Use] = []

    static let version = 1

    // MARK: Looking

    subscript(lease: LeaseID) -> Loan? {
        get { loans.first { $0.lease == lease } }
        set {
            loans.removeAll { $0.lease == lease }
            if let newValue { loans.append(newValue) }
            loans.sort { $0.lease < $1.lease }
        }
    }

    subscript(volume: VolumeID) -> Use? {
        get { uses.first { $0.volume == volume } }
        set {
            uses.removeAll { $0.volume == volume }
            if let newValue { uses.append(newValue) }
            uses.sort { $0.volume < $1.volume }
        }
    }

    func loans(of volume: VolumeID) -> [Loan] { loans.filter { $0.volume == volume } }

    /// What a volume's blocks may take: what is open, or what the node gives itself.
    func capacity(of volume: VolumeID) -> Bytes { room(of: loans(of: volume).filter(\.isOpen), for: volume) }

    /// What is kept for a volume, with what is being given back.
    func setAside(for volume: VolumeID) -> Bytes { room(of: loans(of: volume), for: volume) }

    /// Who takes a volume over borrows the room anew that is kept for it, or gives it, and has no more than that.
    private func room(of loans: [Loan], for volume: VolumeID) -> Bytes {
        let borrowed = Dictionary(grouping: loans, by: \.borrower).values
        return borrowed.reduce(self[volume]?.own ?? .zero) { most, loans in max(most, loans.reduce(.zero) { $0 + $1.size }) }
    }

    /// What is kept for everybody, at least what is used.
    func setAside(used: (VolumeID) -> Bytes) -> Bytes {
        uses.reduce(unbound) { $0 + max(setAside(for: $1.volume), used($1.volume)) }
    }

    /// What is kept under loans whose borrowers have not said what for, besides what is kept for volumes that they may take over.
    private var unbound: Bytes {
        let unused = Dictionary(grouping: loans.filter { $0.volume == nil }, by: \.borrower)
        var rest = uses.filter { !$0.isDropped }
        return unused.sorted { $0.key < $1.key }.reduce(.zero) { sum, unused in
            var left = unused.value.reduce(Bytes.zero) { $0 + $1.size }
            rest.removeAll { use in
                guard left > .zero, use.heirs.contains(unused.key), !hasLoan(unused.key, of: use.volume) else { return false }
                left = max(.zero, left - setAside(for: use.volume))
                return true
            }
            return sum + left
        }
    }

    private func hasLoan(_ node: NodeID, of volume: VolumeID) -> Bool { loans(of: volume).contains { $0.borrower == node } }

    /// What is kept and not used, and so has to be free on the file system.
    func unused(used: (VolumeID) -> Bytes) -> Bytes {
        setAside(used: used) - uses.reduce(.zero) { $0 + used($1.volume) }
    }

    // MARK: Rights

    /// Whether a node decides about a volume: it has borrowed room for it. This node itself does where it gives room of its own. Where
    /// nobody lends to the volume any more and blocks are left, those do that may take it over: a later home moves them elsewhere.
    func isAdministrator(_ node: NodeID, of volume: VolumeID, here: NodeID) -> Bool {
        guard let use = self[volume] else { return false }
        return loans(of: volume).contains { $0.borrower == node } || node == here && use.isOwn
            || capacity(of: volume) == .zero && use.heirs.contains(node)
    }

    /// Whether a node may bind room to a volume: to a new one, to its own, and to one that it is to take over.
    func mayBind(_ node: NodeID, to volume: VolumeID, here: NodeID) -> Bool {
        guard let use = self[volume], !isUnused(volume) else { return true }
        return isAdministrator(node, of: volume, here: here) || use.heirs.contains(node)
    }

    /// Whether nobody lends to a volume any more.
    func isUnused(_ volume: VolumeID) -> Bool { loans(of: volume).isEmpty && self[volume]?.isOwn != true }

    // MARK: Ending

    /// What is there of a volume is to be deleted, and nobody lends to it any more.
    mutating func drop(_ volume: VolumeID) {
        for var loan in loans(of: volume) {
            loan.volume = nil
            self[loan.lease] = loan
        }
        self[volume] = Use(volume: volume, isDropped: true)
    }
}
