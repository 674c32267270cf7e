/// A block of IPv4 addresses that share their first bits, written as `203.0.113.0/24`; without a length, a single address.
package struct AddressBlock: Hashable, Codable, Sendable {
    /// Its first address; the bits beyond ``length`` are zero.
    package let address: UInt32
    /// How many leading bits its addresses share, from 0 to 32.
    package let length: Int

    package init(address: UInt32, length: Int) {
        precondition((0...32).contains(length), "an IPv4 address has 32 bits")
        self.address = address & Self.mask(length)
        self.length = length
    }

    /// - Throws: ``TextError`` when it is no block, or has bits beyond its length, as a mistyped one does.
    package init(text: String) throws(TextError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = Self.address(parts[0]), let length = parts.count == 1 ? 32 : Self.number(parts[1], atMost: 32) else {
            throw TextError("'\(text.prefix(64))' is no block of IPv4 addresses; write one such as 203.0.113.0/24")
        }
        self.init(address: address, length: length)
        guard self.address == address else {
            throw TextError("'\(text)' has bits beyond its length; write \(self.text)")
        }
    }

    package var text: String {
        let bytes = [24, 16, 8, 0].map { String(address >> $0 & 0xff) }.joined(separator: ".")
        return length == 32 ? bytes : "\(bytes)/\(length)"
    }

    /// Whether all of `other` is in it.
    package func contains(_ other: AddressBlock) -> Bool {
        length <= other.length && other.address & Self.mask(length) == address
    }

    private static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : ~UInt32(0) << UInt32(32 - length) }

    private static func address(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var address: UInt32 = 0
        for part in parts {
            guard let byte = number(part, atMost: 255) else { return nil }
            address = address << 8 | UInt32(byte)
        }
        return address
    }

    /// Decimal digits without leading zeros, which some programs take for octal.
    private static func number(_ text: Substring, atMost limit: Int) -> Int? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number <= limit, String(number) == text
        else { return nil }
        return number
    }
}
