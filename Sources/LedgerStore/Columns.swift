import Foundation
import GRDB
import Resources

// How values stand in columns: ids, hashes and signatures as blobs, quantities and times as integers.

extension Identifier {
    var column: Data {
        var data = Data(capacity: 16)
        withUnsafeBytes(of: high.bigEndian) { data.append(contentsOf: $0) }
        withUnsafeBytes(of: low.bigEndian) { data.append(contentsOf: $0) }
        return data
    }

    /// `nil` unless there are 16 bytes.
    init?(column: Data) {
        guard column.count == 16 else { return nil }
        let (high, low) = column.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        }
        self.init(high: UInt64(bigEndian: high), low: UInt64(bigEndian: low))
    }
}

extension Digest {
    var column: Data { Data(bytes) }
}

/// A row that does not have the form its table gives it.
struct MalformedRow: Error, CustomStringConvertible {
    let description: String
}

extension Row {
    func id<Tag>(_ column: String) throws -> Identifier<Tag> {
        guard let id = Identifier<Tag>(column: self[column] as Data) else {
            throw MalformedRow(description: "\(column) is no id")
        }
        return id
    }

    func optionalID<Tag>(_ column: String) throws -> Identifier<Tag>? { hasNull(column) ? nil : try id(column) }

    func bytes(_ column: String) -> [UInt8] { Array(self[column] as Data) }

    func digest(_ column: String) throws -> Digest {
        let bytes = bytes(column)
        guard bytes.count == 32 else { throw MalformedRow(description: "\(column) is no hash") }
        return Digest(bytes)
    }

    func quantity<Q: Quantity>(_ column: String) -> Q { Q(self[column] as Int64) }
    func optionalQuantity<Q: Quantity>(_ column: String) -> Q? { (self[column] as Int64?).map { Q($0) } }
    func time(_ column: String) -> Timestamp { Timestamp(microseconds: self[column]) }

    /// An enumeration by its raw value.
    func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
        let text: String = self[column]
        guard let word = Word(rawValue: text) else { throw MalformedRow(description: "\(column) is '\(text)'") }
        return word
    }

    private func hasNull(_ column: String) -> Bool { (self[column] as DatabaseValue?)?.isNull ?? true }
}
