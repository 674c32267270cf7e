/// Bytes of a block that cannot be what was written.
struct Malformed: Error, Hashable, CustomStringConvertible {
    let description: String
}

/// Writes whole numbers in as few bytes as they need: seven bits a byte, lowest first, the eighth says that more follow (LEB128).
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: UInt128) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// - Precondition: `value` is not negative.
    mutating func write(_ value: Int64) { write(UInt64(value)) }

    mutating func write(_ bits: BitWriter) { bytes += bits.bytes }

    /// Of either sign; short when near zero.
    mutating func write(signed value: Int64) { write(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
}

/// Reads what ``ByteWriter`` wrote, with every bound checked.
struct ByteReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func wide() throws(Malformed) -> UInt128 {
        var value: UInt128 = 0
        var shift: UInt128 = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard shift < 126 else { break }
            value |= UInt128(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Malformed(description: "a number without an end before byte \(position)")
    }

    mutating func unsigned() throws(Malformed) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            guard shift < 63 || byte <= 1 else { break }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift <= 63 else { break }
        }
        throw Malformed(description: "a number without an end before byte \(position)")
    }

    /// A number that is not negative.
    mutating func integer() throws(Malformed) -> Int64 {
        let value = try unsigned()
        guard let number = Int64(exactly: value) else { throw Malformed(description: "the number \(value) at byte \(position)") }
        return number
    }

    mutating func signed() throws(Malformed) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// Lets `body` read bits from here on; what is left of the last byte is passed over.
    mutating func bits<Value>(_ body: (inout BitReader) throws(Malformed) -> Value) throws(Malformed) -> Value {
        var reader = BitReader(bytes[position...])
        let value = try body(&reader)
        position += reader.bytesRead
        return value
    }
}
