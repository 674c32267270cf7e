/// One entry of an agent's log.
package struct LogReport: Report {
    let sequence: Int64
    let at: CivilTime
    let level: String
    let message: String
    let fields: [String: String]
    /// Entries before this one that had made room before they were read.
    let missed: Int64

    package init(sequence: Int64, at: CivilTime, level: String, message: String, fields: [String: String], missed: Int64) {
        self.sequence = sequence
        self.at = at
        self.level = level
        self.message = message
        self.fields = fields
        self.missed = missed
    }

    package func text(on page: Page) -> String {
        let entry = Entry(
            at: at, mark: (level, tone), message: message,
            fields: fields.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        guard missed > 0, !page.isPlain else { return entry.text(on: page) }
        return page.hint("(\(counted(Int(missed), "entry", "entries")) too many to keep were left out)") + entry.text(on: page)
    }

    private var tone: Tone {
        switch level {
        case "critical", "error": .bad
        case "warning": .warning
        case "notice": .strong
        default: .dim
        }
    }
}
