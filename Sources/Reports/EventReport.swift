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

    package init(sequence: Int64, at: CivilTime, kind: String, subjects: [String], message: String, details: [String: String]) {
        self.sequence = sequence
        self.at = at
        self.kind = kind
        self.subjects = subjects
        self.message = message
        self.details = details
    }

    /// When, what kind and what, on one line where the page is wide enough.
    package func text(on page: Page) -> String {
        Entry(at: at, mark: (kind, .strong), message: message).text(on: page)
    }

    /// The same with the readings below; for programs, behind it.
    func textWithDetails(on page: Page) -> String {
        let readings = details.sorted(by: { $0.key < $1.key }).map { ($0.key, $0.value) }
        return Entry(at: at, mark: (kind, .strong), message: message, fields: readings).text(on: page)
    }
}

/// Why something is as it is: what it is, in a sentence, and every event about it.
package struct ExplanationReport: Report {
    let id: String
    let kind: String
    let summary: String
    let events: [EventReport]

    package init(id: String, kind: String, summary: String, events: [EventReport]) {
        self.id = id
        self.kind = kind
        self.summary = summary
        self.events = events
    }

    package func text(on page: Page) -> String {
        var sheet = Sheet()
        sheet.add(kind, id, .strong)
        sheet.add("summary", summary)
        return sheet.text(on: page) + page.gap + events.map { $0.textWithDetails(on: page) }.joined()
    }
}
