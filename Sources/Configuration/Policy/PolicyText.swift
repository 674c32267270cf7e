import Policy

/// A policy as a file that says the same, without includes and with the defaults written out.
package enum PolicyText {
    package static func yaml(_ policy: LendingPolicy) -> String {
        var lines: [String] = []
        var open: [String] = []
        for setting in PolicyOutline(policy).settings {
            let parents = setting.path.dropLast()
            let shared = zip(open, parents).prefix { $0 == $1 }.count
            for (depth, key) in parents.enumerated().dropFirst(shared) {
                if depth == 0, !lines.isEmpty { lines.append("") }
                lines += header(key, depth: depth, in: policy)
            }
            if parents.isEmpty, !open.isEmpty { lines.append("") }
            open = Array(parents)
            lines.append(indent(parents.count) + "\(setting.path.last ?? ""): \(value(setting.value))")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The line, or lines, that open a mapping or an entry of a list.
    private static func header(_ key: String, depth: Int, in policy: LendingPolicy) -> [String] {
        guard key.hasPrefix("[") else { return [indent(depth) + "\(key):"] }
        guard
            let rule = policy.limits.rules.first(where: {
                key == "[\($0.subject.text)\($0.when.map { " when \($0.text)" } ?? "")]"
            })
        else { return [indent(depth) + "- when: \(value(String(key.dropFirst().dropLast())))"] }
        var lines = [indent(depth) + "- for: \(subject(rule.subject))"]
        if let when = rule.when { lines.append(indent(depth + 1) + "when: \(value(when.text))") }
        return lines
    }

    private static func subject(_ subject: Subject) -> String {
        switch subject {
        case .everyone, .eachPeer, .eachUser: subject.text
        case .peer(let name): "{peer: \(quoted(name))}"
        case .user(let name, let node): "{user: \(quoted("\(name)@\(node ?? "*")"))}"
        case .group(let name): "{group: \(quoted(name))}"
        case .role(let name): "{role: \(quoted(name))}"
        }
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    /// Lists are written by who made them; everything else is one word or sentence.
    private static func value(_ text: String) -> String { text.hasPrefix("[") ? text : quoted(text, inFlow: false) }

    /// `text` as a scalar of YAML, in quotation marks where it has to be.
    static func quoted(_ text: String) -> String { quoted(text, inFlow: true) }

    private static func quoted(_ text: String, inFlow: Bool) -> String {
        let isPlain =
            text.first.map { !"-?:,[]{}#&*!|>'\"%@` ".contains($0) } ?? false
            && !text.contains(": ") && !text.contains(" #") && text.last != ":" && text.last != " "
            && !(inFlow && text.contains { ",[]{}".contains($0) })
            && !["~", "null", "Null", "NULL"].contains(text)
        return isPlain ? text : "'" + text.replacing("'", with: "''") + "'"
    }
}
