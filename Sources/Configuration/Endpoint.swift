/// Where a listener is reached: `blade7.example.org:7800`, `10.0.0.7:7800`, `[fd00::7]:7800`.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A host name or an address, IPv6 without its brackets.
    package var host: String
    /// Zero where the system is to choose.
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Parses the text form; `nil` when host or port are missing or not well-formed.
    package init?(_ text: String) {
        guard text.utf8.count <= 262, let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        var host = text[..<colon]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        if isBracketed { host = host.dropFirst().dropLast() }
        let allowed: (Character) -> Bool = { character in
            character.isASCII && (character.isLetter || character.isNumber || (isBracketed ? ":%." : ".-_").contains(character))
        }
        guard !host.isEmpty, host.allSatisfy(allowed), host.contains(":") || !isBracketed else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether it stands for every address of the machine, and so tells nobody where to go.
    package var isWildcard: Bool { host == "0.0.0.0" || host == "::" }
}
