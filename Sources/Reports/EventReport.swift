/// Something that happened on the node, with the readings behind it.
package struct EventReport: Report {
    let sequence: Int64
    let at: CivilTime
    let kind: String
    /// Ids of what it concerns.
    let subjects: [String]
    /// One sentence.
    let message: String
    let details: [String: String]
    /// The id of the node that tells it, in a story told by several; left out where it is the one that was asked.
    let side: String?

    package init(
        sequence: Int64, at: CivilTime, kind: String, subjects: [String], message: String, details: [String: String],
        side: String? = nil
    ) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.subjects = subjects
        self.message = message
        self.details = details
        self.side = side
    }

    /// When, what kind and what, on one line where the page is wide enough.
    package func text(on page: Page) -> String {
        Entry(at: at, mark: (kind, .strong), message: message).text(on: page)
    }

    /// The same with the readings below; for programs, behind it.
    ///
    /// - Parameters:
    ///   - teller: whose line it is, aligned with others'.
    ///   - id: what all of them are about: no event need say it.
    func textWithDetails(toldBy teller: String? = nil, about id: String = "", on page: Page) -> String {
        let readings = named(otherThan: id) + details.sorted(by: { $0.key < $1.key }).map { ($0.key, $0.value) }
        return Entry(
            at: at, teller: teller.map { ($0, side == nil ? .dim : .warning) }, mark: (kind, .strong), message: message,
            fields: readings
        ).text(on: page)
    }

    /// What it concerns that people go on from: a receipt is what can be disputed, a lease what an obligation came from or went to.
    private func named(otherThan id: String) -> [(String, String)] {
        [("rct_", "receipt"), ("lse_", "lease")].flatMap { prefix, name in
            subjects.filter { $0.hasPrefix(prefix) && $0 != id }.map { (name, $0) }
        }
    }
}
