/// Where something listens: a host name or address, and a port.
package struct Endpoint: Hashable, Sendable, LosslessStringConvertible {
    package let host: String
    /// 0 lets the system choose when listening.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// `host:port`, with brackets around an IPv6 address.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Parses `host:port` or `[address]:port`; `nil` when either part is missing or unusable.
    package init?(_ text: String) {
        guard text.utf8.count <= 261, let colon = text.lastIndex(of: ":") else { return nil }
        var host = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            return nil
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        let allowed = host.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7f && $0 != "/" && $0 != "@" }
        guard !host.isEmpty, allowed else { return nil }
        self.init(host: String(host), port: Int(port))
    }
}
