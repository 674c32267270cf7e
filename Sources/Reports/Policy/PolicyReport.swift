import Resources

/// The policy in force.
package struct PolicyReport: Report {
    package struct Setting: Encodable, Sendable {
        let key: String
        let value: String
        package init(key: String, value: String) { (self.key, self.value) = (key, value) }
    }

    package struct File: Encodable, Sendable {
        let name: String
        let text: String
        package init(name: String, text: String) { (self.name, self.text) = (name, text) }
    }

    private enum CodingKeys: String, CodingKey {
        case policy, origin, configured, appliedBy, appliedAt, notes, settings, files
    }

    let policy: String
    /// `configured` or `applied`.
    let origin: String
    /// What the agent's configuration names.
    let configured: String
    let appliedBy: String?
    let appliedAt: CivilTime?
    let notes: [String]
    /// Every setting in force, in the order of a policy file, defaults included.
    let settings: [Setting]
    /// The files as they were written, the policy itself first.
    let files: [File]
    /// The settings as a file; for people only.
    private let yaml: String?

    /// - Parameter yaml: what people are shown; the files when `nil`.
    package init(
        policy: String, origin: String, configured: String, appliedBy: String?, appliedAt: CivilTime?, notes: [String],
        settings: [Setting], files: [File], yaml: String?
    ) {
        self.policy = policy
        self.origin = origin
        self.configured = configured
        self.appliedBy = appliedBy
        self.appliedAt = appliedAt
        self.notes = notes
        self.settings = settings
        self.files = files
        self.yaml = yaml
    }

    /// A policy file; where it came from is a comment, so that the output can be used as one.
    package func text(on page: Page) -> String {
        var heading = "configured as \(configured)"
        if let appliedBy {
            heading =
                "applied by \(appliedBy)" + (appliedAt.map { " \($0.relative(on: page))" } ?? "")
                + "; the configured policy is \(configured)"
        }
        let lines = ["# In force: \(heading)."] + notes.map { "# \($0)" }
        let comment = lines.map { page.paint($0.printable, .dim) + "\n" }.joined()
        if let yaml { return comment + "\n" + Self.printable(yaml) }
        return comment
            + files.map { "\n" + page.paint("# --- \($0.name.printable)", .dim) + "\n" + Self.printable($0.text) }.joined()
    }

    private static func printable(_ text: String) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { $0 + "\n" }.joined()
    }
}

/// That a policy file is good.
package struct PolicyCheckReport: Report {
    let policy: String
    let files: [String]
    /// What is allowed but probably not meant.
    let notes: [String]

    package init(policy: String, files: [String], notes: [String]) {
        (self.policy, self.files, self.notes) = (policy, files, notes)
    }

    package func text(on page: Page) -> String {
        let notes = notes.map { page.paint($0.printable, .warning) + "\n" }.joined()
        return notes + "good: policy '\(policy.printable)', from \(files.map(\.printable).joined(separator: ", "))\n"
    }
}
