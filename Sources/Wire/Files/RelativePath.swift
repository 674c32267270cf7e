/// A path below some directory, as peers may name it: no `..`, nothing absolute, nothing that could mean two things.
package struct RelativePath: Hashable, Comparable, Sendable, CustomStringConvertible {
    package struct Unusable: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The most names in one path.
    package static let deepest = 64
    private static let longest = 4096
    private static let longestName = 255

    package let components: [String]

    /// - Throws: ``Unusable`` with the path and what is wrong with it.
    package init(_ text: String) throws(Unusable) {
        guard text.utf8.count <= Self.longest else {
            throw Unusable(description: "'\(text.prefix(64))...' is a path of \(text.utf8.count) bytes, at most \(Self.longest)")
        }
        func fault(_ reason: String) -> Unusable { Unusable(description: "'\(text.prefix(256))' is no usable path: \(reason)") }
        guard !text.isEmpty else { throw fault("it is empty") }
        guard !text.hasPrefix("/") else { throw fault("it is absolute") }
        guard !text.utf8.contains(0) else { throw fault("it contains a NUL byte") }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= Self.deepest else { throw fault("it is deeper than \(Self.deepest) directories") }
        for part in parts {
            guard part != ".." else { throw fault("it contains '..'") }
            guard part != ".", !part.isEmpty else { throw fault("it contains an empty name or '.'") }
            guard part.utf8.count <= Self.longestName else {
                throw fault("a name in it is longer than \(Self.longestName) bytes")
            }
        }
        components = parts.map(String.init)
    }

    private init(components: [String]) { self.components = components }

    package var description: String { components.joined(separator: "/") }
    package var name: String { components[components.count - 1] }
    package static func < (a: Self, b: Self) -> Bool { a.components.lexicographicallyPrecedes(b.components) }

    /// The directory it is in; `nil` when that is the top.
    package var parent: RelativePath? { components.count > 1 ? RelativePath(components: Array(components.dropLast())) : nil }

    func appending(_ name: String) throws(Unusable) -> RelativePath { try RelativePath(description + "/" + name) }

    /// Refuses a symbolic link at this path that could lead out of the top directory: absolute targets, and `..` anywhere
    /// but at the front or more often than the link is deep. What the remaining names lead to are entries that were
    /// checked the same way, so following any number of links stays inside.
    package func checkLink(to target: String) throws(Unusable) {
        func fault(_ reason: String) -> Unusable {
            Unusable(description: "the link '\(self)' to '\(target.prefix(256))' is not taken: \(reason)")
        }
        guard !target.isEmpty, target.utf8.count < Self.longest, !target.utf8.contains(0) else { throw fault("it leads nowhere") }
        guard !target.hasPrefix("/") else { throw fault("it is absolute") }
        let parts = target.split(separator: "/").filter { $0 != "." }
        let climbs = parts.prefix { $0 == ".." }.count
        guard climbs < components.count else { throw fault("it leads out of the directory") }
        guard !parts.dropFirst(climbs).contains("..") else { throw fault("it contains '..' behind a name") }
    }
}
