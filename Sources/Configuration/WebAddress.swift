/// The address of a web service: `https://example.org:8443/path?query`, without user and fragment.
package struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    /// `https` rather than `http`.
    package let isSecure: Bool
    /// A name, or an IP address without brackets.
    package let host: String
    package let port: Int
    /// Host and port as a request names them.
    package let authority: String
    /// Path and query; begins with a slash.
    package let target: String

    /// Reads an address; `nil` when it is none.
    package init?(_ text: String) {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let match = text.wholeMatch(of: /(https?):\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?([\/?][^#]*)?/)
        else { return nil }
        isSecure = match.1 == "https"
        host = String(match.2).trimmingBrackets
        let number = match.3.map { Int($0) ?? 0 } ?? (isSecure ? 443 : 80)
        guard (1...65_535).contains(number) else { return nil }
        port = number
        authority = String(match.2) + (match.3.map { ":\($0)" } ?? "")
        let rest = match.4.map(String.init) ?? ""
        target = rest.hasPrefix("/") ? rest : "/" + rest
        description = text
    }

    /// Whether it is surely on this machine.
    package var isThisMachine: Bool {
        host == "localhost" || host == "::1" || host.wholeMatch(of: /127\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}/) != nil
    }
}

extension String {
    fileprivate var trimmingBrackets: String { hasPrefix("[") ? String(dropFirst().dropLast()) : self }
}
