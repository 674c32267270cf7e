/// What was found when everything was looked at that could be wrong.
package struct DoctorReport: Report {
    package struct Finding: Codable, Sendable {
        package let area: String
        /// Of the check.
        package let name: String
        /// `fine`, `note`, `warning` or `fault`.
        package let severity: String
        package let finding: String
        package let remedy: String?

        package init(area: String, name: String, severity: String, finding: String, remedy: String?) {
            self.area = area
            self.name = name
            self.severity = severity
            self.finding = finding
            self.remedy = remedy
        }
    }

    /// Nothing is at fault; there may be warnings.
    package let ok: Bool
    let faults: Int
    let warnings: Int
    let findings: [Finding]

    package init(findings: [Finding]) {
        self.findings = findings
        faults = findings.count { $0.severity == "fault" }
        warnings = findings.count { $0.severity == "warning" }
        ok = faults == 0
    }

    /// Area by area, what is wrong with its remedy below.
    package func text(on page: Page) -> String {
        guard !page.isPlain else { return findings.map(Self.record).joined() }
        let heads = findings.map { "\(Self.mark($0).text) \($0.area.printable) / \($0.name.printable)" }
        let indent = (heads.map(\.columns).max() ?? 0) + 2
        // Beside each other while half of the page is left for the finding.
        let isWide = indent * 2 <= page.width ?? .max
        var result = ""
        for (finding, head) in zip(findings, heads) {
            let mark = Self.mark(finding)
            let text = [finding.finding.printable] + (finding.remedy.map { ["remedy: \($0.printable)"] } ?? [])
            let lines = text.flatMap { $0.wrapped(at: (page.width ?? .max) - (isWide ? indent : 6)) }
            let rest = String(head.dropFirst(mark.text.count))
            result += page.paint(mark.text, mark.tone) + rest
            result += isWide ? String(repeating: " ", count: indent - head.columns) : "\n      "
            result += lines.joined(separator: "\n" + String(repeating: " ", count: isWide ? indent : 6)) + "\n"
        }
        return result + page.gap + page.hint(summary)
    }

    private var summary: String {
        if faults + warnings == 0 { return "all is well" }
        return "\(counted(faults, "fault")), \(counted(warnings, "warning"))"
    }

    private static func mark(_ finding: Finding) -> (text: String, tone: Tone) {
        switch finding.severity {
        case "fine": ("ok   ", .good)
        case "warning": ("warn ", .warning)
        case "fault": ("FAULT", .bad)
        default: ("     ", .dim)
        }
    }

    private static func record(_ finding: Finding) -> String {
        [finding.severity, finding.area, finding.name, finding.finding, finding.remedy ?? ""].map(\.printable)
            .joined(separator: "\t") + "\n"
    }
}
