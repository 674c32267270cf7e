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

        package init(transfer: String, lease: String?, amount: Charge) {
            self.transfer = transfer
            self.lease = lease
            amountMicrocredits = amount.credits.rawValue
            (amountCoreMicroseconds, amountMibSeconds) = (amount.inKind.cpu.rawValue, amount.inKind.memory.rawValue)
        }

        var text: String {
            Charge(
                credits: Microcredits(amountMicrocredits),
                inKind: Usage(cpu: CoreMicroseconds(amountCoreMicroseconds), memory: MiBSeconds(amountMibSeconds))
            ).text
        }
    }

    package struct Difference: Encodable, Sendable {
        let here: Version?
        let there: Version?

        package init(here: Version?, there: Version?) { (self.here, self.there) = (here, there) }
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

        package init(
            id: String, peer: String, peerName: String, until: CivilTime, signedAt: CivilTime, entries: Int64, digest: String,
            row: Int64, balance: Charge
        ) {
            checkpoint = id
            (self.peer, self.peerName, self.until, self.signedAt) = (peer, peerName, until, signedAt)
            (self.entries, self.digest, self.row) = (entries, digest, row)
            balanceMicrocredits = balance.credits.rawValue
            (balanceCoreMicroseconds, balanceMibSeconds) = (balance.inKind.cpu.rawValue, balance.inKind.memory.rawValue)
        }
    }

    package enum Outcome: String, Encodable, Sendable {
        case agreed, differs, failed
    }

    package struct Peer: Encodable, Sendable {
        let peer: String
        let peerName: String
        package let outcome: Outcome
        let agreedUntil: CivilTime?
        /// That both have alike.
        let entries: Int64
        let checkpoint: Checkpoint?
        let difference: Difference?
        let failure: String?

        package init(
            peer: String, peerName: String, agreedUntil: CivilTime?, entries: Int64, checkpoint: Checkpoint?,
            difference: Difference?, failure: String?
        ) {
            (self.peer, self.peerName, self.agreedUntil, self.entries) = (peer, peerName, agreedUntil, entries)
            (self.checkpoint, self.difference, self.failure) = (checkpoint, difference, failure)
            outcome = failure != nil ? .failed : difference != nil ? .differs : .agreed
        }
    }

    let peers: [Peer]

    package init(peers: [Peer]) { self.peers = peers }

    package var allAgree: Bool { peers.allSatisfy { $0.outcome == .agreed } }

    package func text(on page: Page) -> String {
        guard !peers.isEmpty else { return page.hint("nothing was settled with anybody yet") }
        var sheet = Sheet()
        for peer in peers { add(peer, to: &sheet, page) }
        return sheet.text(on: page)
    }

    private func add(_ peer: Peer, to sheet: inout Sheet, _ page: Page) {
        let until = peer.agreedUntil.map { " up to \($0.clock(on: page))" } ?? ""
        switch peer.outcome {
        case .agreed: sheet.add(peer.peerName, "agreed\(until), \(counted(Int(peer.entries), "entry", "entries"))", .good)
        case .failed: sheet.add(peer.peerName, "not compared: \(peer.failure ?? "")", .warning)
        case .differs:
            let first = peer.difference?.here ?? peer.difference?.there
            sheet.add(peer.peerName, "DIFFERS from \(first?.transfer ?? "") on", .bad)
            sheet.add("lease", first?.lease)
            sheet.add("here", peer.difference?.here?.text ?? "no such entry")
            sheet.add("there", peer.difference?.there?.text ?? "no such entry")
        }
        if let checkpoint = peer.checkpoint {
            sheet.add(
                "signed",
                "\(checkpoint.checkpoint), \(counted(Int(checkpoint.entries), "entry", "entries")) up to "
                    + checkpoint.until.clock(on: page), .dim)
        }
    }
}
