/// What a check of the whole ledger found.
package struct LedgerReport: Report {
    package let ok: Bool
    /// The first fault, naming its row.
    let fault: String?
    let transfers: Int64
    let receipts: Int64
    let segments: Int64
    /// SHA-256 in hexadecimal.
    let chainHead: String

    package init(ok: Bool, fault: String?, transfers: Int64, receipts: Int64, segments: Int64, chainHead: String) {
        self.ok = ok
        self.fault = fault
        self.transfers = transfers
        self.receipts = receipts
        self.segments = segments
        self.chainHead = chainHead
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add("ledger", ok ? "ok" : "FAULTY: \(fault ?? "the agent did not say where")", ok ? .good : .bad)
        guard ok else { return sheet.text(on: page) }
        let counts = [(transfers, "transfer"), (receipts, "receipt"), (segments, "segment")].map { counted(Int($0), $1) }
        sheet.add("checked", counts.joined(separator: ", "))
        sheet.add("chain head", chainHead, .dim)
        return sheet.text(on: page)
    }
}
