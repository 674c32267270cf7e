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

    /// `nil` unless there are 32 bytes.
    init?(column bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(bytes)
    }
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

    func id<Tag>(at index: Int) throws -> Identifier<Tag> {
        guard let id = try optionalID(at: index) as Identifier<Tag>? else { throw MalformedRow(description: "an id is missing") }
        return id
    }

    func optionalID<Tag>(at index: Int) throws -> Identifier<Tag>? {
        try withUnsafeData(atIndex: index) { data in
            guard let data else { return nil }
            guard let id = Identifier<Tag>(column: data) else { throw MalformedRow(description: "column \(index) is no id") }
            return id
        }
    }

    func bytes(_ column: String) -> [UInt8] { Array(self[column] as Data) }

    func digest(_ column: String) throws -> Digest {
        guard let digest = Digest(column: bytes(column)) else { throw MalformedRow(description: "\(column) is no hash") }
        return digest
    }

    func digest(at index: Int) throws -> Digest {
        let digest = try withUnsafeData(atIndex: index) { data in data.flatMap { Digest(column: Array($0)) } }
        guard let digest else { throw MalformedRow(description: "column \(index) is no hash") }
        return digest
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
