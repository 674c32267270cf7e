/// What a check of the whole ledger found.
package struct LedgerReport: Report {
    package let ok: Bool
    /// The first fault, naming its row.
    let fault: String?
    let transfers: Int64
    let receipts: Int64
    /// What this node and a peer have agreed on, and both signed.
    let checkpoints: Int64
    let segments: Int64
    /// SHA-256 in hexadecimal.
    let chainHead: String
    /// The last row that an earlier check had found good, when it was gone on from.
    let resumedAfterRow: Int64?
    /// The first file that was there, when that is not the first there ever was.
    let firstFile: Int64?
    let signatures: Bool

    package init(
        ok: Bool, fault: String?, transfers: Int64, receipts: Int64, checkpoints: Int64, segments: Int64, chainHead: String,
        resumedAfter: Int64 = 0, firstSegment: Int64 = 0, hasSignatures: Bool = true
    ) {
        resumedAfterRow = resumedAfter > 0 ? resumedAfter : nil
        firstFile = firstSegment > 1 ? firstSegment : nil
        signatures = hasSignatures
        self.ok = ok
        self.fault = fault
        self.transfers = transfers
        self.receipts = receipts
        self.checkpoints = checkpoints
        self.segments = segments
        self.chainHead = chainHead
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("ledger", ok ? "ok" : "FAULTY: \(fault ?? "the agent did not say where")", ok ? .good : .bad)
        guard ok else { return sheet.text(on: page) }
        let counts = [(transfers, "transfer"), (receipts, "receipt"), (segments, "file")].map { counted(Int($0), $1) }
        sheet.add("checked", counts.joined(separator: ", ") + (signatures ? "" : "; not their signatures"))
        sheet.add("peers", "checkpoints that both sides signed: \(checkpoints)")
        sheet.add("since", resumedAfterRow.map { "row \($0); what is before an earlier check had found good" })
        sheet.add("begins", firstFile.map { "with file \($0); what is older was archived and is not mounted" })
        sheet.add("chain head", chainHead, .dim)
        return sheet.text(on: page)
    }
}
