import Resources

/// The files of a ledger, and how far its standby is.
package struct LedgerStatusReport: Report {
    /// Files that follow each other in one directory.
    package struct Place: Encodable, Sendable {
        let directory: String
        let firstFile: Int64?
        let lastFile: Int64?
        let sizeBytes: Int64
        let fault: String?
        /// Those that are never written again, in order.
        let closedFiles: [ClosedFile]

        package init(
            directory: String, first: Int64, last: Int64, size: Int64, fault: String?, closed: [ClosedFile] = []
        ) {
            self.directory = directory
            (firstFile, lastFile) = first > 0 ? (first, last) : (nil, nil)
            sizeBytes = size
            self.fault = fault
            closedFiles = closed
        }
    }

    package struct ClosedFile: Encodable, Sendable {
        let file: Int64
        let lastRow: Int64

        package init(file: Int64, lastRow: Int64) { (self.file, self.lastRow) = (file, lastRow) }
    }

    package struct Standby: Encodable, Sendable {
        let directory: String
        let fault: String?
        let lagMicroseconds: Int64
        let lagBytes: Int64
        let oldest: CivilTime?
        let newest: CivilTime?
        let sizeBytes: Int64

        package init(
            directory: String, fault: String?, lag: Int64, lagBytes: Int64, oldest: CivilTime?, newest: CivilTime?, size: Int64
        ) {
            self.directory = directory
            self.fault = fault
            lagMicroseconds = lag
            self.lagBytes = lagBytes
            self.oldest = oldest
            self.newest = newest
            sizeBytes = size
        }
    }

    /// The first entry in which the ledger of a peer is known to differ from this one.
    package struct Difference: Encodable, Sendable {
        let peer: String
        let peerName: String
        let here: ReconciliationReport.Version?
        let there: ReconciliationReport.Version?

        package init(peer: String, peerName: String, _ difference: ReconciliationReport.Difference) {
            (self.peer, self.peerName) = (peer, peerName)
            (here, there) = (difference.here, difference.there)
        }

        var text: String {
            "DIFFERS from \(here?.transfer ?? there?.transfer ?? "") on; 'surplus ledger reconcile \(peerName)' shows both versions"
        }
    }

    let own: Place
    let mounts: [Place]
    /// The time of the first transfer that can be read, where older files are elsewhere.
    let beginsAt: CivilTime?
    let standby: Standby?
    /// Why the ledger can only be read.
    let fault: String?
    /// The latest with each peer.
    let checkpoints: [ReconciliationReport.Checkpoint]
    /// Found since, or before there was a checkpoint.
    let differences: [Difference]

    package init(
        own: Place, mounts: [Place], beginsAt: CivilTime?, standby: Standby?, fault: String?,
        checkpoints: [ReconciliationReport.Checkpoint] = [], differences: [Difference] = []
    ) {
        (self.checkpoints, self.differences) = (checkpoints, differences)
        self.own = own
        self.mounts = mounts
        self.beginsAt = beginsAt
        self.standby = standby
        self.fault = fault
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        if let fault { sheet.add("fault", fault, .bad) }
        add(own, "ledger", to: &sheet, page)
        for mount in mounts { add(mount, "mounted", to: &sheet, page) }
        if let beginsAt {
            sheet.add("begins", "\(beginsAt.clock(on: page)); what is older was archived and is not mounted")
        }
        addPeers(to: &sheet, page)
        guard let standby else {
            sheet.add("standby", "none", .dim)
            return sheet.text(on: page)
        }
        sheet.add("standby", "\(standby.directory), \(page.figure(Bytes(standby.sizeBytes)))", .strong)
        if let fault = standby.fault { sheet.add("", fault, .bad) }
        sheet.add("behind by", lag(of: standby, on: page), standby.fault == nil ? .plain : .warning)
        if let oldest = standby.oldest, let newest = standby.newest {
            sheet.add("restorable", "\(oldest.clock(on: page)) to \(newest.clock(on: page))")
        }
        return sheet.text(on: page)
    }

    /// What is known of peers' ledgers. What was signed before a difference was found does not say that both agree.
    private func addPeers(to sheet: inout Sheet, _ page: Page) {
        for difference in differences { sheet.add("with \(difference.peerName)", difference.text, .bad) }
        let differing = Set(differences.map(\.peer))
        for checkpoint in checkpoints {
            let signs = signs(checkpoint, on: page)
            if differing.contains(checkpoint.peer) {
                sheet.add("signed with \(checkpoint.peerName)", "by both before: \(checkpoint.text(on: page))\(signs)", .dim)
            } else {
                let entries = counted(Int(checkpoint.entries), "entry", "entries")
                sheet.add("agreed with \(checkpoint.peerName)", "up to \(checkpoint.until.clock(on: page)), \(entries)\(signs)")
            }
        }
    }

    /// Which closed files the peer has signed with a checkpoint, whose chain ends beyond them.
    private func signs(_ checkpoint: ReconciliationReport.Checkpoint, on page: Page) -> String {
        let closed = (mounts + [own]).flatMap(\.closedFiles).map { ($0.file, $0.lastRow) }.sorted { $0 < $1 }
        guard let first = closed.first?.0 else { return "" }
        guard let last = closed.last(where: { $0.1 <= checkpoint.row })?.0 else { return "; it signs no closed file yet" }
        return first == last ? "; it signs file \(first)" : "; it signs files \(first) to \(last)"
    }

    private func lag(of standby: Standby, on page: Page) -> String {
        standby.lagMicroseconds == 0
            ? "nothing"
            : "\(Microseconds(standby.lagMicroseconds).shortText), \(page.figure(Bytes(standby.lagBytes)))"
    }

    private func add(_ place: Place, _ label: String, to sheet: inout Sheet, _ page: Page) {
        let files = place.firstFile.flatMap { first in place.lastFile.map { (first, $0) } }.map { first, last in
            first == last ? "file \(first)" : "files \(first) to \(last)"
        }
        let words = [place.directory, files, page.figure(Bytes(place.sizeBytes))].compactMap { $0 }
        sheet.add(label, words.joined(separator: ", "))
        if let fault = place.fault { sheet.add("", fault, .bad) }
    }
}

/// Which files of the ledger were moved.
package struct ArchiveReport: Report {
    /// Where they are now.
    let directory: String
    /// Their numbers.
    let files: [Int64]

    package init(directory: String, files: [Int64]) { (self.directory, self.files) = (directory, files) }

    package func text(on page: Page) -> String {
        guard !files.isEmpty else { return page.hint("nothing to move: no closed file is here, or all are to stay") }
        return files.map { page.isPlain ? "\($0)\t\(directory)\n" : "moved file \($0) to \(directory)\n" }.joined()
    }
}

/// What a restored ledger is.
package struct RestorationReport: Report {
    let directory: String
    let at: CivilTime
    let oldest: CivilTime
    let newest: CivilTime
    let transfers: Int64
    let segments: Int64
    let chainHead: String

    package init(
        directory: String, at: Timestamp, oldest: Timestamp, newest: Timestamp, transfers: Int64, segments: Int64,
        chainHead: String
    ) {
        self.directory = directory
        (self.at, self.oldest, self.newest) = (CivilTime(at), CivilTime(oldest), CivilTime(newest))
        (self.transfers, self.segments, self.chainHead) = (transfers, segments, chainHead)
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("restored", "\(directory), as of \(at.clock(on: page))", .good)
        sheet.add("restorable", "\(oldest.clock(on: page)) to \(newest.clock(on: page))")
        sheet.add("checked", "\(counted(Int(transfers), "transfer")), \(counted(Int(segments), "segment")), without signatures")
        sheet.add("chain head", chainHead, .dim)
        return sheet.text(on: page)
    }
}
