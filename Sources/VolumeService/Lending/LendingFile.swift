internal import BlockStore
internal import Foundation

// The book is one small file, there in whole or as it was before.

extension LendingBook {
    private static let file = "lending.json"

    /// - Throws: ``LendingError/book(_:)``, ``LendingError/store(_:)``.
    init(on disk: any BlockDisk) throws(LendingError) {
        do {
            guard let found = try disk.value(LendingBook.self, in: Self.file) else {
                self.init()
                return
            }
            self = found
        } catch let error as BlockStoreError {
            throw .store(error)
        } catch {
            throw .book("\(error)")
        }
        guard schema <= Self.version else {
            throw .book("it is of format \(schema), this program knows those up to \(Self.version)")
        }
    }

    /// Replaces what is on the disk; it is durable then.
    func write(to disk: any BlockDisk) throws(BlockStoreError) { try disk.replace(Self.file, with: self) }
}

extension BlockDisk {
    /// What a small file says; `nil` when there is none.
    func value<Value: Decodable>(_: Value.Type, in name: String) throws -> Value? {
        guard try names().contains(name) else { return nil }
        let file = try open(name, isNew: false)
        return try JSONDecoder().decode(Value.self, from: Data(try file.read(Int(try file.size()), at: 0)))
    }

    /// Replaces a small file; it is durable then.
    func replace(_ name: String, with value: some Encodable) throws(BlockStoreError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let bytes = try? encoder.encode(value) else { preconditionFailure("a value of plain fields can be written down") }
        let draft = name + ".new"
        try remove(draft)
        let file = try open(draft, isNew: true)
        var failure: BlockStoreError?
        bytes.withUnsafeBytes { buffer in
            do throws(BlockStoreError) { try file.write([buffer], at: 0) } catch { failure = error }
        }
        if let failure { throw failure }
        try file.synchronize()
        try rename(draft, to: name)
        try synchronizeNames()
    }
}
