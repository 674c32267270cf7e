import Resources

/// Puts shared entries together from the rows of a ledger, for whoever has rows: the ledger on disk, or the simulator's.
///
/// Memory is bounded: of what is compared there are at most twice ``SharedHistoryQuery/limit`` entries, of what is only recounted
/// those of the checkpoints that a row may still belong to.
package struct SharedHistoryReader {
    /// A row that moved something on the line with the peer.
    package struct Movement: Sendable {
        package var sequence: Int64
        package var transfer: TransferID
        package var lease: LeaseID?
        package var unit: LedgerUnit
        /// What the peer came to owe this node; negative where this node came to owe the peer.
        package var amount: LedgerAmount

        package init(sequence: Int64, transfer: TransferID, lease: LeaseID?, unit: LedgerUnit, amount: LedgerAmount) {
            self.sequence = sequence
            self.transfer = transfer
            self.lease = lease
            self.unit = unit
            self.amount = amount
        }
    }

    private struct Step {
        let checkpoint: Checkpoint
        let digest: Digest
        let sequence: Int64
    }

    private let query: SharedHistoryQuery
    private let digest: ([UInt8]) -> Digest
    /// The checkpoints that cover rows, oldest first.
    private let steps: [Step]
    /// The index in ``steps`` of the increment that is wanted; their count for what none covers.
    private let wanted: Int
    /// Of the first step that can be recounted.
    private let firstReadable: Int
    private var until: UInt64
    /// By the index of the step that covers them.
    private var groups: [Int: Group] = [:]
    private var nextToCheck: Int
    private var unsound: Digest?
    private var rest: Int64?
    private var isLimited = false

    private struct Group {
        var places: [UInt64: Int] = [:]
        var entries: [SharedEntry] = []
        var sequences: [Int64] = []
    }

    /// - Parameters:
    ///   - checkpoints: all with the peer, in the order of their rows.
    ///   - beginning: the last row before the first that can be read: 0 unless older files were moved away.
    /// - Throws: why the scope cannot be read: term `checkpoint` when its checkpoint is not one of this node's.
    package init(
        _ query: SharedHistoryQuery, checkpoints: [Checkpoint], beginning: Int64, digest: @escaping ([UInt8]) -> Digest
    ) throws(Refusal) {
        self.query = query
        self.digest = digest
        var chain = Self.chain(to: query.latest, checkpoints, own: query.own, digest)
        switch query.scope {
        case .open(let base, let until):
            let count = base == nil ? 0 : (chain.firstIndex { $0.digest == base } ?? -1) + 1
            guard base == nil || count > 0 else { throw Self.unknown }
            chain.removeSubrange(count...)
            (wanted, self.until) = (count, until)
            let covered = base == query.latest ? query.from - 1 : chain.last?.sequence ?? 0
            guard beginning == 0 || base != nil && covered >= beginning else { throw Self.missing }
            guard until >= chain.last?.checkpoint.until ?? 0 else {
                throw Refusal(
                    term: "pending", reason: "what is younger than the last checkpoint is not settled yet",
                    retryAfter: .minutes(1))
            }
        case .recorded(let digest):
            guard let place = chain.firstIndex(where: { $0.digest == digest }) else { throw Self.unknown }
            (wanted, self.until) = (place, chain[place].checkpoint.until)
            guard beginning == 0 || place > 0 && chain[place - 1].sequence >= beginning else { throw Self.missing }
        }
        steps = chain
        firstReadable = beginning == 0 ? 0 : (chain.firstIndex { $0.sequence >= beginning } ?? chain.count) + 1
        nextToCheck = firstReadable
    }

    private static let unknown = Refusal(term: "checkpoint", reason: "it is not among the checkpoints of this ledger")
    private static let missing = Refusal(
        term: "files", reason: "what is to be compared was moved away with its ledger files: 'surplus ledger mount' them first")

    /// Those that lead to the latest, oldest first.
    private static func chain(
        to latest: Digest?, _ checkpoints: [Checkpoint], own: NodeID, _ digest: ([UInt8]) -> Digest
    ) -> [Step] {
        var chain: [Step] = []
        var next = latest
        // Each follows one that was recorded before it.
        for checkpoint in checkpoints.reversed() where next != nil {
            let found = digest(checkpoint.document)
            guard found == next else { continue }
            chain.append(Step(checkpoint: checkpoint, digest: found, sequence: checkpoint.place(of: own).sequence))
            next = checkpoint.previous == .zero ? nil : checkpoint.previous
        }
        return chain.reversed()
    }

    // MARK: Rows

    /// Takes the next row, in ascending order of their sequence.
    package mutating func take(_ movement: Movement) {
        if query.checksPast { checkPast(before: movement.sequence) }
        let index = self.index(of: movement)
        if index == wanted {
            guard movement.transfer.high <= until else { return leave(movement.sequence) }
            add(movement, to: index)
            if groups[index, default: Group()].entries.count >= 2 * SharedHistoryQuery.limit { limit() }
        } else if query.checksPast, index >= nextToCheck, index < steps.count {
            add(movement, to: index)
        }
    }

    /// The first step that covers a row: both what its ledger had and the marks of steps only grow.
    private func index(of movement: Movement) -> Int {
        max(
            firstStep { $0.sequence >= movement.sequence }, firstStep { $0.checkpoint.until >= movement.transfer.high })
    }

    private func firstStep(where condition: (Step) -> Bool) -> Int {
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if condition(steps[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private mutating func add(_ movement: Movement, to index: Int) {
        let mark = movement.transfer.high
        let sign: Int64 = query.own < query.peer ? 1 : -1
        var moved = Charge.zero
        moved[movement.unit] = LedgerAmount(sign * movement.amount.rawValue)
        // In place: a group is large.
        var group = groups.removeValue(forKey: index) ?? Group()
        if let place = group.places[mark] {
            group.entries[place].moved += moved
            if movement.transfer < group.entries[place].transfer {
                group.entries[place].transfer = movement.transfer
                group.entries[place].lease = movement.lease
            }
        } else {
            group.places[mark] = group.entries.count
            group.entries.append(SharedEntry(transfer: movement.transfer, lease: movement.lease, moved: moved))
            group.sequences.append(movement.sequence)
        }
        groups[index] = group
    }

    private mutating func leave(_ sequence: Int64) { rest = min(rest ?? sequence, sequence) }

    /// Leaves the entries of the highest marks to a later comparison.
    private mutating func limit() {
        let limit = SharedHistoryQuery.limit
        guard case .open = query.scope, let group = groups[wanted], group.entries.count > limit else { return }
        let order = Self.order(of: group)
        for place in order[limit...] { leave(group.sequences[place]) }
        until = group.entries[order[limit - 1]].mark
        isLimited = true
        var kept = Group()
        for (place, old) in order[..<limit].enumerated() {
            kept.places[group.entries[old].mark] = place
            kept.entries.append(group.entries[old])
            kept.sequences.append(group.sequences[old])
        }
        groups[wanted] = kept
    }

    private static func order(of group: Group) -> [Int] {
        group.entries.indices.sorted { group.entries[$0].mark < group.entries[$1].mark }
    }

    /// Holds the entries of checkpoints that no row from this one on belongs to against what was signed.
    private mutating func checkPast(before sequence: Int64) {
        while nextToCheck < steps.count, steps[nextToCheck].sequence < sequence {
            let step = steps[nextToCheck]
            let group = nextToCheck == wanted ? groups[nextToCheck] : groups.removeValue(forKey: nextToCheck)
            let entries = Self.entries(of: group ?? Group())
            if unsound == nil,
                Int64(entries.count) != step.checkpoint.count || entries[...].digest(by: digest) != step.checkpoint.digest
            {
                unsound = step.digest
            }
            nextToCheck += 1
        }
    }

    private static func entries(of group: Group) -> [SharedEntry] {
        order(of: group).map { group.entries[$0] }.filter { $0.moved != .zero }
    }

    // MARK: The end

    /// What was read.
    ///
    /// - Parameter place: the last row of the ledger, whatever it is about.
    package mutating func finish(at place: LedgerPlace) -> SharedHistory {
        if query.checksPast { checkPast(before: .max) }
        limit()
        let group = groups[wanted] ?? Group()
        // Where what was moved comes to nothing, nothing was.
        let order = Self.order(of: group).filter { group.entries[$0].moved != .zero }
        let base = wanted > 0 ? steps[wanted - 1] : nil
        return SharedHistory(
            place: place, base: base?.checkpoint, baseDigest: base?.digest, until: until,
            entries: order.map { group.entries[$0] },
            sequences: order.map { group.sequences[$0] }, rest: rest, isLimited: isLimited, unsound: unsound)
    }
}
