import Yams

/// Turns hostile bytes into a tree of nodes that is safe to walk: bounded in size and depth, without aliases.
package enum YAMLDocument {
    static let greatestDepth = 32
    /// Aliases are refused in any case, but only after parsing, and parsing compares keys: aliases as keys of keys would
    /// take exponential time. So few of them cannot.
    private static let mostAliasLikeWords = 32

    /// The root of the one document in a file.
    package static func root(ofFile path: String) throws(ConfigurationError) -> YAMLValue {
        try root(of: SourceFile.read(path), file: path)
    }

    /// The root of the one document in `bytes`.
    static func root(of bytes: [UInt8], file: String) throws(ConfigurationError) -> YAMLValue {
        let text = try text(of: bytes, file: file)
        let source = SourceText(file: file, text: text)
        let root: Node?
        // Anchors are weak references into the parser.
        let parser: Parser
        do {
            parser = try Parser(yaml: text, encoding: .utf8)
            root = try parser.singleRoot()
        } catch {
            throw describe(error, source)
        }
        defer { withExtendedLifetime(parser) {} }
        guard let root else { throw ConfigurationError(file: file, "is empty") }
        let value = YAMLValue(node: root, path: "", source: source)
        try check(value, depth: 1)
        return value
    }

    private static func text(of bytes: [UInt8], file: String) throws(ConfigurationError) -> String {
        func fail(_ message: String) -> ConfigurationError { ConfigurationError(file: file, message) }
        guard bytes.count <= SourceFile.largestSize else { throw fail("is larger than \(SourceFile.largestSize >> 20) MiB") }
        let byteOrderMark: [UInt8] = [0xef, 0xbb, 0xbf]
        let content = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(3) : bytes[...]
        guard let text = String(validating: content, as: UTF8.self) else {
            throw fail("is not UTF-8 text; save it in that encoding")
        }
        var line = 1
        var column = 1
        for scalar in text.unicodeScalars {
            guard isPrintable(scalar) else {
                let code = String(scalar.value, radix: 16, uppercase: true)
                throw ConfigurationError(
                    file: file, position: .init(line: line, column: column), "contains the control character U+\(code); remove it"
                )
            }
            column += 1
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
        guard aliasLikeWords(in: text.utf8) <= mostAliasLikeWords else {
            throw fail("has too many words that begin with '*'; aliases are not understood, write each value out")
        }
        return text
    }

    /// What YAML allows in a stream, without the next-line character and byte order marks inside.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a, 0x0d, 0x20...0x7e, 0xa0...0xfefe, 0xff00...0xfffd, 0x10000...: true
        default: false
        }
    }

    /// Words that could be aliases: `*name` where a value may begin. In `user@*` and `'*'` the star is part of a text.
    private static func aliasLikeWords(in text: String.UTF8View) -> Int {
        var count = 0
        var (before, afterStar) = (UInt8(ascii: "\n"), false)
        for byte in text {
            if afterStar, byte > 0x20, !endsName.contains(byte) { count += 1 }
            afterStar = byte == UInt8(ascii: "*") && (before <= 0x20 || precedesValue.contains(before))
            before = byte
        }
        return count
    }

    private static let endsName = Set(",[]{}".utf8)
    private static let precedesValue = Set("[{,:?".utf8)

    /// Refuses anchors before anything walks into their aliases: in document order the anchor comes first.
    private static func check(_ value: YAMLValue, depth: Int) throws(ConfigurationError) {
        guard depth <= greatestDepth else { throw value.fault("is nested deeper than \(greatestDepth) levels") }
        guard value.node.anchor == nil else {
            throw value.fault("has an anchor; anchors and aliases are not understood, write each value out")
        }
        switch value.node {
        case .scalar(let scalar):
            guard scalar.string.unicodeScalars.allSatisfy(isPrintable) else {
                throw value.fault("contains a control character; remove it")
            }
        case .sequence(let sequence):
            for node in sequence { try check(YAMLValue(node: node, path: value.path, source: value.source), depth: depth + 1) }
        case .mapping(let mapping):
            for (key, node) in mapping {
                try check(YAMLValue(node: key, path: value.path, source: value.source), depth: depth + 1)
                try check(YAMLValue(node: node, path: value.path, source: value.source), depth: depth + 1)
            }
        case .alias:
            throw value.fault("is an alias; aliases are not understood, write the value out")
        }
    }

    private static func describe(_ error: any Error, _ source: SourceText) -> ConfigurationError {
        func fail(_ mark: Mark?, _ message: String) -> ConfigurationError {
            guard let mark else { return ConfigurationError(file: source.file, message) }
            return source.fault(at: .init(line: mark.line, column: mark.column), length: 1, message)
        }
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _):
            let line = source.line(mark.line)
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            if indentation.contains("\t") { return fail(mark, "a tab is used for indentation; use spaces") }
            return fail(mark, "failed to parse: \(problem)")
        case .parser(_, let problem, let mark, _) where problem.hasPrefix("Maximum nesting level"):
            return fail(mark, "is nested deeper than \(greatestDepth) levels")
        case .parser(let context, let problem, let mark, _):
            return fail(mark, "failed to parse: \(context.map { $0.text + ", " } ?? "")\(problem)")
        case .composer(let context, let problem, let mark, _):
            let isSecondDocument = context?.text.contains("single document") == true
            return fail(mark, isSecondDocument ? "a second document begins here; keep one" : "failed to parse: \(problem)")
        case .duplicatedKeysInMapping(let keys, let context):
            return fail(context.mark, "the key '\(keys.first ?? "")' appears more than once; keep one")
        default:
            return fail(nil, "failed to parse: \(error)")
        }
    }
}
