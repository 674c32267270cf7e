import Resources
import Yams

/// A value in a document together with where it stands, so that each reading of it can say exactly what is wrong.
package struct YAMLValue {
    let node: Node
    /// Its place in the document, such as `lend.cpu.threshold`; empty at the root.
    package let path: String
    let source: SourceText

    /// The error for this value; `message` follows its path.
    package func fault(_ message: String) -> ConfigurationError { fault(in: nil, message) }

    /// The error for a part of this value's text, which is named in Unicode scalars from the text's beginning.
    func fault(in range: Range<Int>?, _ message: String) -> ConfigurationError {
        let message = path.isEmpty ? message : "\(path) \(message)"
        guard let mark = node.mark else { return ConfigurationError(file: source.file, message) }
        let start = ConfigurationError.Position(line: mark.line, column: mark.column)
        let text = node.scalar?.string ?? ""
        guard let range else { return source.fault(at: start, length: text.unicodeScalars.count, message) }
        let (position, length) = source.find(range, of: text, at: start)
        return source.fault(at: position, length: length, message)
    }

    /// `file:line:column: path message`, for what is odd but no error.
    func note(_ message: String) -> String { fault(message).description }

    /// The value as a mapping with keys out of `Key`.
    package func mapping<Key: YAMLKey>(of _: Key.Type) throws(ConfigurationError) -> YAMLMapping<Key> {
        guard case .mapping(let mapping) = node else {
            let known = Key.allCases.map(\.rawValue).joined(separator: ", ")
            throw fault((path.isEmpty ? "expected" : "should have") + " keys (\(known)), not \(kind)")
        }
        return try YAMLMapping(mapping, at: self)
    }

    /// The entries of a mapping whose keys people choose, in the order of the file, no key twice.
    package func entries() throws(ConfigurationError) -> [(key: YAMLValue, name: String, value: YAMLValue)] {
        guard case .mapping(let mapping) = node else { throw fault("should have names as keys, not \(kind)") }
        var entries: [(key: YAMLValue, name: String, value: YAMLValue)] = []
        var names: Set<String> = []
        for (keyNode, node) in mapping {
            let key = YAMLValue(node: keyNode, path: "", source: source)
            let name = try key.string(longest: 64)
            guard names.insert(name).inserted else { throw key.fault("the key '\(name)' appears more than once; keep one") }
            entries.append((key, name, YAMLValue(node: node, path: "\(path).\(name)", source: source)))
        }
        return entries
    }

    package func list() throws(ConfigurationError) -> [YAMLValue] {
        guard case .sequence(let sequence) = node else { throw fault("should be a list, such as [a, b], not \(kind)") }
        return sequence.enumerated().map { YAMLValue(node: $1, path: "\(path)[\($0)]", source: source) }
    }

    /// The value as text of at most `longest` bytes, never empty.
    package func string(longest: Int = 4096) throws(ConfigurationError) -> String {
        guard case .scalar(let scalar) = node else { throw fault("should be a single value, not \(kind)") }
        guard !isMissing else { throw fault("has no value; write one, or remove the key") }
        guard scalar.string.utf8.count <= longest else { throw fault("is longer than \(longest) bytes") }
        return scalar.string
    }

    package func quantity<Q: TextualQuantity>(_ range: ClosedRange<Q>) throws(ConfigurationError) -> Q {
        let text = try string()
        let value: Q
        do throws(TextError) { value = try Q(text: text) } catch { throw fault("is wrong: \(error)") }
        if value < range.lowerBound { throw fault("is \(value.text), below the smallest value, \(range.lowerBound.text)") }
        if value > range.upperBound { throw fault("is \(value.text), above the largest value, \(range.upperBound.text)") }
        return value
    }

    package func integer(_ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        let text = try string()
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text), range.contains(value) else {
            throw fault("is '\(text.prefix(64))'; write a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    package func boolean() throws(ConfigurationError) -> Bool {
        switch try string() {
        case "true": return true
        case "false": return false
        case let other: throw fault("is '\(other.prefix(64))'; write true or false")
        }
    }

    package func choice<Choice: YAMLKey>(of _: Choice.Type) throws(ConfigurationError) -> Choice {
        let text = try string()
        if let choice = Choice(rawValue: text) { return choice }
        throw fault("is '\(text.prefix(64))'" + Spelling.hint(for: text, among: Choice.allCases.map(\.rawValue)))
    }

    /// Whether this is a single value rather than a list or mapping.
    package var isScalar: Bool {
        if case .scalar = node { return true }
        return false
    }

    private var isMissing: Bool {
        guard case .scalar(let scalar) = node else { return false }
        return scalar.string.isEmpty || (scalar.style == .plain && ["~", "null", "Null", "NULL"].contains(scalar.string))
    }

    private var kind: String {
        switch node {
        case .scalar(let scalar): isMissing ? "nothing" : "'\(scalar.string.prefix(64))'"
        case .sequence: "a list"
        case .mapping: "keys"
        case .alias: "an alias"
        }
    }
}

/// The known words of one place in a document: the keys of a mapping, or the choices for a value.
package typealias YAMLKey = CaseIterable & Hashable & RawRepresentable<String>

/// A mapping whose keys are all known and appear once.
package struct YAMLMapping<Key: YAMLKey> {
    private let whole: YAMLValue
    private var values: [Key: YAMLValue] = [:]

    fileprivate init(_ mapping: Node.Mapping, at whole: YAMLValue) throws(ConfigurationError) {
        self.whole = whole
        for (keyNode, node) in mapping {
            let place = YAMLValue(node: keyNode, path: "", source: whole.source)
            guard let name = keyNode.scalar?.string else { throw place.fault("a key should be a single word") }
            guard let key = Key(rawValue: name) else {
                let known = Key.allCases.map(\.rawValue)
                throw place.fault("unknown key '\(name.prefix(64))'" + Spelling.hint(for: name, among: known))
            }
            guard values[key] == nil else { throw place.fault("the key '\(name)' appears more than once; keep one") }
            values[key] = YAMLValue(node: node, path: whole.path.isEmpty ? name : "\(whole.path).\(name)", source: whole.source)
        }
    }

    package subscript(key: Key) -> YAMLValue? { values[key] }

    /// The value of a key that must be there.
    package func required(_ key: Key) throws(ConfigurationError) -> YAMLValue {
        guard let value = values[key] else { throw whole.fault("needs the key '\(key.rawValue)'") }
        return value
    }
}
