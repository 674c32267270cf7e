/// A SHA-256 digest.
package struct Digest: Hashable, Codable, Sendable, CustomStringConvertible {
    package let bytes: [UInt8]

    /// - Precondition: `bytes` has 32 elements.
    package init(_ bytes: [UInt8]) {
        precondition(bytes.count == 32, "a digest of \(bytes.count) bytes")
        self.bytes = bytes
    }

    /// What stands before the first link of a chain.
    package static let zero = Digest([UInt8](repeating: 0, count: 32))

    /// Lower-case hexadecimal.
    package var description: String { Hexadecimal.encode(bytes) }

    package init?(hexadecimal text: String) {
        guard let bytes = Hexadecimal.decode(text), bytes.count == 32 else { return nil }
        self.init(bytes)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Digest(hexadecimal: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not 64 hexadecimal digits")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// An Ed25519 signature over a canonical document.
package struct Signature: Hashable, Codable, Sendable {
    package let bytes: [UInt8]
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Hexadecimal.decode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal digits")
        }
        self.init(bytes)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Hexadecimal.encode(bytes))
    }
}

/// Hashing and signing as the cores see them: a function of its inputs, without clock or I/O. The product's notary
/// uses SHA-256 and Ed25519, the simulator's a cheap stand-in with the same shape.
package protocol Notary: Sendable {
    func digest(_ bytes: [UInt8]) -> Digest
    /// Signs with this node's receipt key.
    func sign(_ bytes: [UInt8]) -> Signature
    /// Whether `signature` over `bytes` was made by a receipt key that `node` has, or had when it was current.
    func verify(_ signature: Signature, over bytes: [UInt8], by node: NodeID) -> Bool
}

/// Lower-case hexadecimal text.
package enum Hexadecimal {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// `nil` when a character is not a hexadecimal digit or the count is odd.
    package static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 2) else { return nil }
        var result: [UInt8] = []
        var upper: UInt8?
        for character in text.utf8 {
            guard let digit = UInt8(String(UnicodeScalar(character)), radix: 16) else { return nil }
            if let high = upper { result.append(high << 4 | digit) }
            upper = upper == nil ? digit : nil
        }
        return result
    }
}
