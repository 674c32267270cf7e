/// Writes the one byte sequence of a document that is hashed and signed: fixed-width big-endian integers, and
/// strings and byte strings behind a 32-bit length. There is exactly one encoding of each value.
package struct CanonicalWriter: Sendable {
    package private(set) var bytes: [UInt8] = []
    /// The version of the kind that the document is of.
    package let version: UInt16

    /// Begins a document of the given kind. The kind separates domains: a signature over one kind of document can
    /// never pass for a signature over another.
    package init(kind: String, version: UInt16 = 1) {
        self.version = version
        write(kind)
        write(UInt64(version))
    }

    package mutating func write(_ value: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
    }

    package mutating func write(_ value: Int64) { write(UInt64(bitPattern: value)) }
    package mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }
    package mutating func write(_ value: some Quantity) { write(value.rawValue) }
    package mutating func write(_ value: Timestamp) { write(value.microseconds) }

    package mutating func write<Tag>(_ value: Identifier<Tag>) {
        write(value.high)
        write(value.low)
    }

    package mutating func write(_ value: [UInt8]) {
        let count = UInt32(value.count)
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: count >> UInt32(shift))) }
        bytes += value
    }

    package mutating func write(_ value: String) { write(Array(value.utf8)) }
}

/// Reads what ``CanonicalWriter`` wrote. Every read is bounds-checked, and ``finish()`` refuses trailing bytes, so that
/// two different byte strings never decode to the same document.
package struct CanonicalReader: Sendable {
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    private let bytes: [UInt8]
    private var position = 0
    /// The version of the kind that the document is of.
    package private(set) var version: UInt16 = 0

    /// Begins to read a document.
    ///
    /// - Throws: ``Malformed`` when it is of another kind or version.
    package init(_ bytes: [UInt8], kind: String, version: UInt16 = 1) throws(Malformed) {
        try self.init(bytes, kind: kind, versions: version...version)
    }

    /// Begins to read a document of any of several versions.
    ///
    /// - Throws: ``Malformed`` when it is of another kind or version.
    package init(_ bytes: [UInt8], kind: String, versions: ClosedRange<UInt16>) throws(Malformed) {
        self.bytes = bytes
        let found = try string(atMost: 64)
        guard found == kind else { throw Malformed(description: "expected a \(kind), found a '\(found)'") }
        let number: UInt64 = try unsigned()
        guard let version = UInt16(exactly: number), versions.contains(version) else {
            let expected = versions.count == 1 ? "\(versions.lowerBound)" : "\(versions.lowerBound) to \(versions.upperBound)"
            throw Malformed(description: "\(kind) of version \(number), expected \(expected)")
        }
        self.version = version
    }

    package mutating func unsigned() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        for byte in try take(8) { value = value << 8 | UInt64(byte) }
        return value
    }

    package mutating func integer() throws(Malformed) -> Int64 { Int64(bitPattern: try unsigned()) }
    package mutating func quantity<Q: Quantity>(_: Q.Type = Q.self) throws(Malformed) -> Q { Q(try integer()) }
    /// Of the years 1 to 9999, so that times can be taken from each other.
    package mutating func timestamp() throws(Malformed) -> Timestamp {
        let microseconds = try integer()
        guard (-62_135_596_800_000_000..<253_402_300_800_000_000).contains(microseconds) else {
            throw Malformed(description: "a time that no calendar has")
        }
        return Timestamp(microseconds: microseconds)
    }

    package mutating func bool() throws(Malformed) -> Bool {
        switch try take(1).first {
        case 0: return false
        case 1: return true
        default: throw Malformed(description: "a truth value that is neither 0 nor 1 at byte \(position - 1)")
        }
    }

    package mutating func identifier<Tag>(_: Identifier<Tag>.Type = Identifier<Tag>.self) throws(Malformed) -> Identifier<Tag> {
        Identifier(high: try unsigned(), low: try unsigned())
    }

    package mutating func data(atMost limit: Int) throws(Malformed) -> [UInt8] {
        var count = 0
        for byte in try take(4) { count = count << 8 | Int(byte) }
        guard count <= limit else { throw Malformed(description: "a field of \(count) bytes, at most \(limit) are allowed") }
        return Array(try take(count))
    }

    package mutating func string(atMost limit: Int) throws(Malformed) -> String {
        guard let text = String(validating: try data(atMost: limit), as: UTF8.self) else {
            throw Malformed(description: "text that is not UTF-8 before byte \(position)")
        }
        return text
    }

    /// - Throws: ``Malformed`` when bytes are left.
    package func finish() throws(Malformed) {
        guard position == bytes.count else { throw Malformed(description: "\(bytes.count - position) bytes too many") }
    }

    private mutating func take(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard bytes.count - position >= count else { throw Malformed(description: "ends at byte \(bytes.count), too early") }
        defer { position += count }
        return bytes[position..<position + count]
    }
}
