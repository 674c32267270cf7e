import Resources

/// A message that does not say what one of its kind has to say.
package struct MalformedMessage: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Writes the fields of a message: fixed-width integers, the most significant byte first, and texts behind a 16-bit length.
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }
    mutating func write(_ value: some Quantity) { write(value.rawValue) }

    mutating func write<Tag>(_ value: Identifier<Tag>) {
        write(value.high)
        write(value.low)
    }

    /// Texts are for people, and cut at ``MessageReader/longestText`` bytes.
    mutating func write(_ text: String) {
        let bytes = text.utf8.prefix(MessageReader.longestText)
        write(UInt16(bytes.count))
        self.bytes.append(contentsOf: bytes)
    }

    /// Bytes behind their number; at most ``MessageReader/longestBlob`` are read again.
    mutating func write(blob: [UInt8]) {
        write(UInt32(blob.count))
        bytes.append(contentsOf: blob)
    }

    /// A count of things, and the things.
    mutating func write<Items: Collection>(_ items: Items, _ body: (inout Self, Items.Element) -> Void) {
        write(UInt16(items.count))
        for item in items { body(&self, item) }
    }
}

/// Reads what ``MessageWriter`` wrote. Every read is bounds-checked, and ``finish()`` refuses trailing bytes.
struct MessageReader {
    static let longestText = 200

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(MalformedMessage) -> Value {
        let size = MemoryLayout<Value>.size
        guard bytes.count - place >= size else { throw MalformedMessage("ends at byte \(bytes.count), too early") }
        defer { place += size }
        return bytes.withUnsafeBytes { Value(bigEndian: $0.loadUnaligned(fromByteOffset: place, as: Value.self)) }
    }

    mutating func bool() throws(MalformedMessage) -> Bool {
        switch try integer(UInt8.self) {
        case 0: false
        case 1: true
        case let other: throw MalformedMessage("\(other) is neither true nor false")
        }
    }

    /// A number of bytes, as files can have.
    mutating func byteCount() throws(MalformedMessage) -> Bytes {
        let value = try integer(Int64.self)
        guard (0...(1 << 56)).contains(value) else { throw MalformedMessage("a size of \(value) bytes") }
        return Bytes(value)
    }

    mutating func identifier<Tag>(_: Identifier<Tag>.Type = Identifier<Tag>.self) throws(MalformedMessage) -> Identifier<Tag> {
        Identifier(high: try integer(), low: try integer())
    }

    /// What is not UTF-8 is replaced.
    mutating func text() throws(MalformedMessage) -> String {
        let count = Int(try integer(UInt16.self))
        guard count <= Self.longestText, bytes.count - place >= count else { throw MalformedMessage("a text of \(count) bytes") }
        defer { place += count }
        return String(decoding: bytes[place..<place + count], as: UTF8.self)
    }

    /// Bytes behind their number.
    mutating func blob() throws(MalformedMessage) -> [UInt8] {
        let count = Int(try integer(UInt32.self))
        guard count <= Self.longestBlob, bytes.count - place >= count else { throw MalformedMessage("\(count) bytes in one") }
        defer { place += count }
        return Array(bytes[place..<place + count])
    }

    mutating func items<Item>(
        atMost limit: Int, _ body: (inout Self) throws(MalformedMessage) -> Item
    ) throws(MalformedMessage) -> [Item] {
        let count = Int(try integer(UInt16.self))
        guard count <= limit else { throw MalformedMessage("a list of \(count), at most \(limit) are taken") }
        var items: [Item] = []
        for _ in 0..<count { items.append(try body(&self)) }
        return items
    }

    func finish() throws(MalformedMessage) {
        guard place == bytes.count else { throw MalformedMessage("\(bytes.count - place) bytes too many") }
    }
}
