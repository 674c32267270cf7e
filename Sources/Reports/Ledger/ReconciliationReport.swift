import Resources

/// What came of comparing the ledger with those of peers.
package struct ReconciliationReport: Report {
    /// What an entry moved on the line with the peer, in one of both ledgers.
    package struct Version: Encodable, Sendable {
        let transfer: String
        let lease: String?
        /// What the peer came to owe this node.
        let amountMicrocredits: Int64
        let amountCoreMicroseconds: Int64
        let amountMibSeconds: Int64
        /// `nil` where nothing moved.
        let amountDiskMibSeconds: Int64?

        package init(transfer: String, lease: String?, amount: Charge) {
            self.transfer = transfer
            self.lease = lease
            amountMicrocredits = amount.credits.rawValue
            (amountCoreMicroseconds, amountMibSeconds) = (amount.inKind.cpu.rawValue, amount.inKind.memory.rawValue)
            amountDiskMibSeconds = amount.inKind.disk.figure
        }

        /// `0.5 credits owed by node2`: a minus would not say whose debt it is.
        func text(_ peerName: String) -> String {
            let owed = Charge(
                credits: Microcredits(amountMicrocredits),
                inKind: Usage(
                    cpu: CoreMicroseconds(amountCoreMicroseconds), memory: MiBSeconds(amountMibSeconds),
                    disk: MiBSeconds(amountDiskMibSeconds ?? 0)))
            let parts = [(owed.clampedToZero, "by"), ((.zero - owed).clampedToZero, "to")].filter { $0.0 != .zero }
            return parts.isEmpty ? "nothing" : parts.map { "\($0.0.text) owed \($0.1) \(peerName)" }.joined(separator: ", ")
        }
    }

    package struct Difference: Encodable, Sendable {
        let here: Version?
        let there: Version?

        package init(here: Version?, there: Version?) { (self.here, self.there) = (here, there) }

        /// The first transfer that differs.
        var transfer: String { here?.transfer ?? there?.transfer ?? "" }
    }

    /// What both have signed.
    package struct Checkpoint: Encodable, Sendable {
        let checkpoint: String
        let peer: String
        let peerName: String
        let until: CivilTime
        let signedAt: CivilTime
        let entries: Int64
        let digest: String
        /// The last row of this ledger that is signed with it.
        let row: Int64
        /// What the peer owes this node by it.
        let balanceMicrocredits: Int64
        let balanceCoreMicroseconds: Int64
        let balanceMibSeconds: Int64
        /// `nil` where nothing is owed.
        let balanceDiskMibSeconds: Int64?

        package init(
            id: String, peer: String, peerName: String, until: CivilTime, signedAt: CivilTime, entries: Int64, digest: String,
            row: Int64, balance: Charge
        ) {
            checkpoint = id
            (self.peer, self.peerName, self.until, self.signedAt) = (peer, peerName, until, signedAt)
            (self.entries, self.digest, self.row) = (entries, digest, row)
            balanceMicrocredits = balance.credits.rawValue
            (balanceCoreMicroseconds, balanceMibSeconds) = (balance.inKind.cpu.rawValue, balance.inKind.memory.rawValue)
            balanceDiskMibSeconds = balance.inKind.disk.figure
        }
    }

    package enum Outcome: String, Encodable, Sendable {
        case agreed, differs, failed
        /// The peer is no member any more: nobody can compare with it.
        case departed
    }

    package struct Peer: Encodable, Sendable {
        let peer: String
        let peerName: String
        package let outcome: Outcome
        let agreedUntil: CivilTime?
        let entries: Int64?
        /// The latest that both have signed: before the difference, where there is one.
        let checkpoint: Checkpoint?
        /// Also one that was found before, where they could not be compared now.
        let difference: Difference?
        let failure: String?

        /// - Parameters:
        ///   - agreedUntil: up to when both were found to agree.
        ///   - entries: how many both have alike.
        package init(
            peer: String, peerName: String, agreedUntil: CivilTime?, entries: Int64, checkpoint: Checkpoint?,
            difference: Difference?, failure: String?, hasDeparted: Bool = false
        ) {
            (self.peer, self.peerName) = (peer, peerName)
            (self.checkpoint, self.difference, self.failure) = (checkpoint, difference, failure)
            outcome = hasDeparted ? .departed : failure != nil ? .failed : difference != nil ? .differs : .agreed
            // Beside anything else they would read as if so much were known to be alike.
            (self.agreedUntil, self.entries) = outcome == .agreed ? (agreedUntil, entries) : (nil, nil)
        }
    }

    /// By name.
    let peers: [Peer]

    package init(peers: [Peer]) { self.peers = peers.sorted { ($0.peerName, $0.peer) < ($1.peerName, $1.peer) } }

    /// Whether the ledger of a member is known to differ.
    package var hasDifference: Bool { peers.contains { $0.outcome != .departed && $0.difference != nil } }
    /// Whether all could be compared but those that are no members any more.
    package var isComplete: Bool { peers.allSatisfy { $0.outcome != .failed } }

    package func text(on page: Page) -> String {
        guard !peers.isEmpty else { return page.hint("nothing was settled with anybody yet") }
        var sheet = Sheet()
        for peer in peers { add(peer, to: &sheet, page) }
        return sheet.text(on: page)
    }

    private func add(_ peer: Peer, to sheet: inout Sheet, _ page: Page) {
        switch peer.outcome {
        case .agreed: sheet.add(peer.peerName, agreement(with: peer, page), .good)
        case .differs: sheet.add(peer.peerName, peer.difference.map { "DIFFERS from \($0.transfer) on" }, .bad)
        case .failed, .departed:
            sheet.add(peer.peerName, "not compared: \(peer.failure ?? "")", peer.outcome == .failed ? .warning : .dim)
            sheet.add("known", peer.difference.map { "DIFFERS from \($0.transfer) on, as was found before" }, .bad)
        }
        if let difference = peer.difference {
            sheet.add("lease", difference.here?.lease ?? difference.there?.lease)
            sheet.add("here", difference.here?.text(peer.peerName) ?? "no such entry")
            sheet.add("there", difference.there?.text(peer.peerName) ?? "no such entry")
        }
        guard let checkpoint = peer.checkpoint else { return }
        let when = peer.difference == nil ? "" : "by both before: "
        sheet.add("signed", "\(when)\(checkpoint.text(on: page))", .dim)
    }

    private func agreement(with peer: Peer, _ page: Page) -> String {
        guard let entries = peer.entries, entries > 0 else { return "agreed: nothing was settled with it yet" }
        let until = peer.agreedUntil.map { " up to \($0.clock(on: page))" } ?? ""
        return "agreed\(until), \(counted(Int(entries), "entry", "entries"))"
    }
}

extension ReconciliationReport.Checkpoint {
    /// `ckp_1, 4 entries up to 15:33:18`.
    func text(on page: Page) -> String {
        "\(checkpoint), \(counted(Int(entries), "entry", "entries")) up to \(until.clock(on: page))"
    }
}
