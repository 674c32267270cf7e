import Resources

/// Names of nodes and policies: what fits a host name, so that they can be typed, logged and put in a table anywhere.
package enum Label {
    /// At most 63 letters, digits, points, dashes and underscores, beginning with a letter or digit.
    package static func isValid(_ text: String) -> Bool {
        guard text.utf8.count <= 63, let first = text.first, first.isASCII, first.isLetter || first.isNumber else { return false }
        return text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_".contains($0)) }
    }

    static func read(_ value: YAMLValue) throws(ConfigurationError) -> String {
        let text = try value.string()
        guard isValid(text) else {
            throw value.fault("is '\(text.prefix(64))'; write at most 63 letters, digits, points, dashes and underscores")
        }
        if text.hasPrefix(NodeTag.prefix + "_"), NodeID(text) == nil {
            throw value.fault("is '\(text)', which looks like a node id but is none; copy it from 'surplus nodes'")
        }
        return text
    }
}
