import Resources

/// How credits went between this node and its peers over a time, and how it stands with them now.
package struct CreditHistoryReport: Report {
    /// What stood with a peer from a time on.
    package struct Balance: Hashable, Encodable, Sendable {
        let at: CivilTime
        let balanceMicrocredits: Int64
    }

    /// How it is with a peer now.
    package struct Standing: Encodable, Sendable {
        let balanceMicrocredits: Int64
        /// What is reserved for leases, of either side's limit.
        let reservedOwedToUsMicrocredits: Int64
        let reservedWeOweMicrocredits: Int64
        let limitGrantedMicrocredits: Int64
        let limitReceivedMicrocredits: Int64
        /// How much more the peer may come to owe this node, and this node the peer, with what is reserved counted as owed.
        let headroomGrantedMicrocredits: Int64
        let headroomReceivedMicrocredits: Int64
        let disputedMicrocredits: Int64

        init(_ line: CreditsReport.Line) {
            balanceMicrocredits = line.balanceMicrocredits
            reservedOwedToUsMicrocredits = line.pendingOwedToUsMicrocredits
            reservedWeOweMicrocredits = line.pendingWeOweMicrocredits
            limitGrantedMicrocredits = line.limitGrantedMicrocredits
            limitReceivedMicrocredits = line.limitReceivedMicrocredits
            headroomGrantedMicrocredits = max(
                0, line.limitGrantedMicrocredits - line.balanceMicrocredits - line.pendingOwedToUsMicrocredits)
            headroomReceivedMicrocredits = max(
                0, line.limitReceivedMicrocredits + line.balanceMicrocredits - line.pendingWeOweMicrocredits)
            disputedMicrocredits = line.disputedMicrocredits
        }
    }

    /// One peer. Balances are positive where it owes this node, and sums where it came to owe this node more; what was lent, borrowed
    /// and compensated is zero or positive. What stood before and all that moved come to what stands.
    package struct Peer: Encodable, Sendable {
        let peer: String
        let peerName: String
        let openingMicrocredits: Int64
        let closingMicrocredits: Int64
        /// What the peer came to owe this node in the time: for what was lent to it, accepted in a dispute or at once, and for notice
        /// that it did not keep.
        let lentMicrocredits: Int64
        let compensationEarnedMicrocredits: Int64
        /// What this node came to owe the peer.
        let borrowedMicrocredits: Int64
        let compensationPaidMicrocredits: Int64
        /// What this node gave back in disputes about what was paid, and what the peer gave back.
        let givenBackMicrocredits: Int64
        let gotBackMicrocredits: Int64
        let swappedMicrocredits: Int64
        let convertedMicrocredits: Int64
        let nettedMicrocredits: Int64
        let decayedMicrocredits: Int64
        /// Billed in the time and not accepted, less what became of such.
        let disputedMicrocredits: Int64
        /// At the beginning, and after each change; where there were very many, at the end of equal parts of the time.
        let balances: [Balance]
        /// Left out for a peer without a trust line.
        let now: Standing?
        let sums: BalanceSums

        private enum CodingKeys: String, CodingKey {
            case peer, peerName, openingMicrocredits, closingMicrocredits, lentMicrocredits, compensationEarnedMicrocredits
            case borrowedMicrocredits, compensationPaidMicrocredits, givenBackMicrocredits, gotBackMicrocredits
            case swappedMicrocredits, convertedMicrocredits, nettedMicrocredits, decayedMicrocredits, disputedMicrocredits
            case balances, now
        }

        var earned: Int64 { sums[.earned] }
        var spent: Int64 { -sums[.spent] }
    }

    /// A change of what stands with a peer.
    package struct Movement: Encodable, Sendable {
        let at: CivilTime
        let transfer: String
        let peer: String
        let peerName: String
        let purpose: String
        let lease: String?
        /// Positive where the peer came to owe this node more.
        let amountMicrocredits: Int64
        /// What stood with that peer afterwards.
        let balanceMicrocredits: Int64
    }

    /// So many parts a line over time has at most.
    private static let mostParts: Int64 = 240
    private static let mostMovements = 20

    let nodeName: String
    /// The time that is told of: what was asked for, or from the first movement on, or up to now.
    let since: CivilTime
    let until: CivilTime
    /// When ``Peer/now`` was.
    let at: CivilTime
    let openingMicrocredits: Int64
    let closingMicrocredits: Int64
    let earnedMicrocredits: Int64
    let spentMicrocredits: Int64
    /// Positive where peers came to owe this node more.
    let swappedMicrocredits: Int64
    let convertedMicrocredits: Int64
    let nettedMicrocredits: Int64
    let decayedMicrocredits: Int64
    let givenBackMicrocredits: Int64
    /// By name.
    let peers: [Peer]
    /// The largest of the time, the largest first.
    let movements: [Movement]
    /// How many there were.
    let movementCount: Int
    /// What is owed in kind now, what falls due first in front.
    let obligations: [ObligationReport]
    /// How it went in kind, by the peers' names.
    let inKind: [KindHistory]
    /// What is in dispute now, the oldest first.
    let disputes: [DisputeReport]
    /// What moved with all peers.
    let sums: BalanceSums

    private enum CodingKeys: String, CodingKey {
        case nodeName, since, until, at, openingMicrocredits, closingMicrocredits, earnedMicrocredits, spentMicrocredits
        case swappedMicrocredits, convertedMicrocredits, nettedMicrocredits, decayedMicrocredits, givenBackMicrocredits
        case peers, movements, movementCount, obligations, inKind, disputes
    }

    /// - Parameters:
    ///   - opening: what stood on accounts before the time, in all units.
    ///   - entries: those of a unit in the order in which they were booked.
    ///   - standing: how it is with each peer now.
    ///   - obligations: what is owed in kind and not settled, what falls due first in front.
    ///   - disputes: what is in dispute, the oldest first.
    package init(
        nodeName: String, since: Timestamp?, until: Timestamp?, now: Timestamp, opening: [AccountStanding],
        entries: [PostedEntry], standing: [CreditsReport.Line], obligations: [ObligationReport] = [],
        disputes: [DisputeReport] = []
    ) {
        self.nodeName = nodeName
        self.obligations = obligations
        self.disputes = disputes
        inKind = KindHistory.all(opening: opening, entries: entries)
        let (opening, entries) = (opening.filter { $0.unit == .credit }, entries.filter { $0.unit == .credit })
        let end = until ?? now
        let start = since ?? entries.first?.at.timestamp ?? end
        self.since = CivilTime(start < end ? start : end + -.hours(1))
        self.until = CivilTime(end)
        at = CivilTime(now)
        var accounts = SortedMap<Name, Account>()
        for line in standing { accounts[Name(line.peerName, line.peer)] = Account(now: Standing(line)) }
        for account in opening where account.account.hasPrefix("peer:") {
            let name = Name(account.peerName ?? "", account.peer ?? "")
            accounts[name, default: Account()].open(account.net)
        }
        var movements: [Movement] = []
        for entry in entries {
            if entry.disputed != 0 { accounts[Name(entry.peerName, entry.peer), default: Account()].note(entry) }
            for change in entry.changes {
                movements.append(accounts[Name(change.peerName, change.peer), default: Account()].book(entry, change))
            }
        }
        let range = self.since.timestamp..<end
        peers = accounts.pairs.map { $1.peer($0, in: range, parts: Self.mostParts) }
        movementCount = movements.count
        self.movements = Array(
            movements.sorted { (abs($0.amountMicrocredits), $0.at.timestamp) > (abs($1.amountMicrocredits), $1.at.timestamp) }
                .prefix(Self.mostMovements))
        openingMicrocredits = peers.reduce(0) { $0 + $1.openingMicrocredits }
        closingMicrocredits = peers.reduce(0) { $0 + $1.closingMicrocredits }
        sums = peers.reduce(BalanceSums()) { $0 + $1.sums }
        earnedMicrocredits = sums[.earned]
        spentMicrocredits = -sums[.spent]
        swappedMicrocredits = sums[.swapped]
        convertedMicrocredits = sums[.converted]
        nettedMicrocredits = sums[.netted]
        decayedMicrocredits = sums[.decayed]
        givenBackMicrocredits = sums[.givenBack]
    }

    /// All that is reserved now, and what is in dispute.
    var reservedOwedToUs: Int64 { peers.reduce(0) { $0 + ($1.now?.reservedOwedToUsMicrocredits ?? 0) } }
    var reservedWeOwe: Int64 { peers.reduce(0) { $0 + ($1.now?.reservedWeOweMicrocredits ?? 0) } }
    var disputed: Int64 { disputedHere + disputedThere }
    /// Of it what this node billed, and what peers billed. An older ledger has more than the disputes that are kept.
    var disputedHere: Int64 {
        let all = peers.reduce(0) { $0 + ($1.now?.disputedMicrocredits ?? 0) }
        return max(all - disputedThere, disputes.reduce(0) { $1.billedByUs ? $0 + $1.worthMicrocredits : $0 })
    }
    var disputedThere: Int64 { disputes.reduce(0) { $1.billedByUs ? $0 : $0 + $1.worthMicrocredits } }
}

// MARK: - Putting together

extension CreditHistoryReport {
    /// Peers by name; two of one name are two.
    private struct Name: Comparable, Sendable {
        let name: String
        let peer: String

        init(_ name: String, _ peer: String) {
            self.name = name
            self.peer = peer
        }

        static func < (a: Self, b: Self) -> Bool { (a.name, a.peer) < (b.name, b.peer) }
    }

    /// What is known of a peer while its entries are gone through.
    private struct Account: Sendable {
        var now: Standing?
        var opening: Int64 = 0
        var balance: Int64 = 0
        var sums = BalanceSums()
        var compensationEarned: Int64 = 0
        var compensationPaid: Int64 = 0
        var givenBack: Int64 = 0
        var gotBack: Int64 = 0
        var disputed: Int64 = 0
        var changes: [(at: Timestamp, balance: Int64)] = []

        mutating func open(_ net: Int64) {
            opening += net
            balance += net
        }

        mutating func note(_ entry: PostedEntry) { disputed += entry.disputed }

        mutating func book(_ entry: PostedEntry, _ change: PostedEntry.Change) -> Movement {
            balance += change.amount
            sums.add(change.amount, for: entry.purpose)
            switch TransferPurpose(rawValue: entry.purpose) {
            case .compensationEarned: compensationEarned += change.amount
            case .compensationPaid: compensationPaid -= change.amount
            case .givenBack: if change.amount < 0 { givenBack -= change.amount } else { gotBack += change.amount }
            default: break
            }
            changes.append((entry.at.timestamp, balance))
            return Movement(
                at: entry.at, transfer: entry.transfer, peer: change.peer, peerName: change.peerName, purpose: entry.purpose,
                lease: entry.lease, amountMicrocredits: change.amount, balanceMicrocredits: balance)
        }

        func peer(_ name: Name, in range: Range<Timestamp>, parts: Int64) -> Peer {
            Peer(
                peer: name.peer, peerName: name.name, openingMicrocredits: opening, closingMicrocredits: balance,
                lentMicrocredits: sums[.earned] - compensationEarned, compensationEarnedMicrocredits: compensationEarned,
                borrowedMicrocredits: -sums[.spent] - compensationPaid, compensationPaidMicrocredits: compensationPaid,
                givenBackMicrocredits: givenBack, gotBackMicrocredits: gotBack, swappedMicrocredits: sums[.swapped],
                convertedMicrocredits: sums[.converted], nettedMicrocredits: sums[.netted], decayedMicrocredits: sums[.decayed],
                disputedMicrocredits: disputed, balances: balances(in: range, parts: parts), now: now, sums: sums)
        }

        /// The last change in each part of the time. Clocks may have been set back between two changes: none is shown earlier than
        /// the one before it.
        private func balances(in range: Range<Timestamp>, parts: Int64) -> [Balance] {
            var result = [Balance(at: CivilTime(range.lowerBound), balanceMicrocredits: opening)]
            let width = max(1, (range.upperBound - range.lowerBound).rawValue / parts)
            var last: (part: Int64, at: Timestamp)?
            for change in changes {
                let at = min(max(change.at, last?.at ?? range.lowerBound), range.upperBound)
                let part = (at - range.lowerBound).rawValue / width
                if last?.part == part { result.removeLast() }
                result.append(Balance(at: CivilTime(at), balanceMicrocredits: change.balance))
                last = (part, at)
            }
            return result
        }
    }
}

extension SortedMap {
    fileprivate subscript(key: Key, default value: @autoclosure () -> Value) -> Value {
        get { self[key] ?? value() }
        set { self[key] = newValue }
    }
}
