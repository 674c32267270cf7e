/// The name of an entry in a directory: 1 to 255 bytes of any encoding or none, without `/` and NUL, and neither `.` nor `..`.
///
/// Names are ordered by their bytes.
package struct FileName: Hashable, Comparable, Sendable {
    package static let longest = 255

    package let bytes: [UInt8]

    /// - Throws: ``PosixError/nameTooLong``; ``PosixError/invalid`` for what no entry can be called; ``PosixError/noEntry`` when
    ///   empty, as POSIX says it of paths.
    package init(_ bytes: [UInt8]) throws(PosixError) {
        guard !bytes.isEmpty else { throw .noEntry }
        guard bytes.count <= Self.longest else { throw .nameTooLong }
        guard !bytes.contains(0), !bytes.contains(UInt8(ascii: "/")), bytes != [0x2E], bytes != [0x2E, 0x2E] else {
            throw .invalid
        }
        self.bytes = bytes
    }

    package init(_ text: String) throws(PosixError) { try self.init(Array(text.utf8)) }

    package static func < (a: Self, b: Self) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

extension FileName: CustomStringConvertible {
    /// For people: what is not UTF-8 is replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
