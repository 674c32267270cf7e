import Crypto
import Foundation
import Glibc
import Resources

/// The commits of a segment since its base copy: pieces of SQLite's write-ahead log, each with the civil time of the commit that it
/// ends with, or belongs to. The file is only appended to; a piece counts once it is whole.
///
/// A piece is its head (magic, epoch, offset, length, time; big-endian), the SHA-256 of head and bytes, and the bytes.
struct StandbyLog {
    struct Piece: Hashable, Sendable {
        /// Which life of the write-ahead log: it begins anew after checkpoints.
        let epoch: UInt64
        /// Where in it the bytes are from.
        let offset: UInt64
        let length: UInt64
        let at: Timestamp
        /// Whether a commit ends with it, so that it can be restored; a long one is in several pieces.
        var isPoint = true
        /// Where the bytes are in this file.
        var place: UInt64 = 0

        /// Where the piece ends in this file.
        var end: UInt64 { place + length }
    }

    private static let magic: UInt64 = 0x5350_4c57_414c_0100  // "SPLWAL", version 1
    private static let pointMagic = magic + 1
    private static let headLength = 40
    private static let digestLength = 32

    /// A piece as it stands in the file.
    static func encode(_ piece: Piece, _ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let head = head(of: piece)
        return head + digest(head, bytes) + bytes
    }

    private static func head(of piece: Piece) -> [UInt8] {
        [piece.isPoint ? pointMagic : magic, piece.epoch, piece.offset, piece.length, UInt64(bitPattern: piece.at.microseconds)]
            .flatMap { word in
                withUnsafeBytes(of: word.bigEndian) { Array($0) }
            }
    }

    private static func digest(_ head: [UInt8], _ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(data: head)
        bytes.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return Array(hash.finalize())
    }

    let path: String

    /// Calls for each whole piece, in order, until it returns `false`. What comes after one that is not whole was never
    /// acknowledged by anybody.
    func read(_ body: (Piece, ArraySlice<UInt8>) throws -> Bool) throws {
        let descriptor = try DurableFiles.open(path, O_RDONLY)
        defer { close(descriptor) }
        let size = UInt64(DurableFiles.size(path))
        var place: UInt64 = 0
        while let head = Self.bytes(descriptor, at: place, Self.headLength + Self.digestLength) {
            let words = (0..<5).map { word in
                head[word * 8..<word * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            let start = place + UInt64(Self.headLength + Self.digestLength)
            guard words[0] == Self.magic || words[0] == Self.pointMagic, words[3] <= size, start + words[3] <= size else {
                return
            }
            let piece = Piece(
                epoch: words[1], offset: words[2], length: words[3], at: Timestamp(microseconds: Int64(bitPattern: words[4])),
                isPoint: words[0] == Self.pointMagic, place: start)
            guard let bytes = Self.bytes(descriptor, at: start, Int(piece.length)),
                Self.digest(Array(head[..<Self.headLength]), bytes[...]) == Array(head[Self.headLength...]),
                try body(piece, bytes[...])
            else { return }
            place = piece.end
        }
    }

    /// `nil` where there are not as many.
    private static func bytes(_ descriptor: CInt, at place: UInt64, _ count: Int) -> [UInt8]? {
        try? DurableFiles.read(descriptor, at: Int(place), count, path: "")
    }
}
