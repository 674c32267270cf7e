import Resources

/// The rules for the labels that people give to pools, nodes, users and volumes. Labels are shown, never trusted.
package enum Names {
    /// The longest name, in bytes.
    package static let longest = 64

    /// Returns `name` when it can label a node: letters, digits, `.`, `_` and `-`, beginning with a letter or digit.
    package static func node(_ name: String) throws(IdentityError) -> String { try label(name, of: "node") }

    /// Returns `name` when it can label a user of a pool; the rules are those for nodes.
    package static func user(_ name: String) throws(IdentityError) -> String { try label(name, of: "user") }

    /// Returns `name` when it can label a volume; the rules are those for nodes, and it must not look like the id of one.
    package static func volume(_ name: String) throws(IdentityError) -> String {
        let name = try label(name, of: "volume")
        guard VolumeID(name) == nil else {
            throw IdentityError("volume name '\(name)' is not usable: it looks like an id; choose another one")
        }
        return name
    }

    private static func label(_ name: String, of kind: String) throws(IdentityError) -> String {
        let allowed = name.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2d || $0 == 0x2e || $0 == 0x5f }
        guard let first = name.utf8.first, isAlphanumeric(first), allowed, name.utf8.count <= longest else {
            throw IdentityError(
                "\(kind) name '\(name.prefix(80))' is not usable: take 1 to \(longest) letters, digits, '.', '_' or '-', "
                    + "beginning with a letter or digit")
        }
        return name
    }

    /// Returns `name` when it can label a pool: printable text without control characters.
    package static func pool(_ name: String) throws(IdentityError) -> String {
        let printable = name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
        guard !name.isEmpty, name.utf8.count <= longest, printable, name.first != " ", name.last != " " else {
            throw IdentityError(
                "pool name '\(name.prefix(80))' is not usable: take 1 to \(longest) bytes of printable text "
                    + "without space at either end")
        }
        return name
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}
