import Resources

/// A value with one canonical byte form, for frames between programs of one machine and for state files.
package protocol Canonical: Sendable {
    func write(to writer: inout CanonicalWriter)
    /// - Throws: ``CanonicalReader/Malformed`` when a field is missing or out of range.
    init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed)
}

extension CanonicalWriter {
    package mutating func write(_ value: some Canonical) { value.write(to: &self) }

    package mutating func write<Element: Canonical>(_ values: [Element]) {
        write(UInt64(values.count))
        for value in values { value.write(to: &self) }
    }

    package mutating func write(_ value: (some Canonical)?) {
        write(value != nil)
        if let value { value.write(to: &self) }
    }

    package mutating func write(_ value: (some Quantity)?) {
        write(value != nil)
        if let value { write(value) }
    }
}

extension CanonicalReader {
    package mutating func value<Value: Canonical>(_: Value.Type = Value.self) throws(Malformed) -> Value {
        try Value(from: &self)
    }

    package mutating func optional<Value: Canonical>(_: Value.Type = Value.self) throws(Malformed) -> Value? {
        try bool() ? try Value(from: &self) : nil
    }

    package mutating func list<Value: Canonical>(of _: Value.Type = Value.self, atMost limit: Int) throws(Malformed) -> [Value] {
        let count = try number(in: 0...limit)
        var values: [Value] = []
        values.reserveCapacity(min(count, 1024))
        for _ in 0..<count { values.append(try Value(from: &self)) }
        return values
    }

    /// A whole number within `range`.
    package mutating func number(in range: ClosedRange<Int>) throws(Malformed) -> Int {
        let value = try integer()
        guard let number = Int(exactly: value), range.contains(number) else {
            throw Malformed(description: "\(value) where \(range.lowerBound) to \(range.upperBound) is allowed")
        }
        return number
    }

    /// A quantity that is neither negative nor above `limit`.
    package mutating func quantity<Q: Quantity>(atMost limit: Q) throws(Malformed) -> Q {
        let value: Q = try quantity()
        guard value >= .zero, value <= limit else { throw Malformed(description: "\(value) where 0 to \(limit) is allowed") }
        return value
    }
}

extension CanonicalReader {
    /// One that may be missing, and is neither negative nor above `limit`.
    package mutating func optionalQuantity<Q: Quantity>(atMost limit: Q) throws(Malformed) -> Q? {
        try bool() ? try quantity(atMost: limit) : nil
    }
}

extension String: Canonical {
    /// The longest text in any field: that of one argument of a program on Linux.
    package static let longestField = 128 << 10

    package func write(to writer: inout CanonicalWriter) { writer.write(self) }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self = try reader.string(atMost: Self.longestField)
    }
}

extension Identifier: Canonical {
    package func write(to writer: inout CanonicalWriter) { writer.write(self) }
    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) { self = try reader.identifier() }
}

extension Amounts: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(cpu)
        writer.write(memory)
    }

    /// Neither negative nor beyond ``Bounds``.
    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self.init(cpu: try reader.quantity(atMost: Bounds.cpu), memory: try reader.quantity(atMost: Bounds.memory))
    }
}

extension Usage: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(cpu)
        writer.write(memory)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        self.init(
            cpu: try reader.quantity(atMost: CoreMicroseconds(.max)), memory: try reader.quantity(atMost: MiBSeconds(.max)))
    }
}
