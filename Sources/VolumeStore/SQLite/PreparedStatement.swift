import GRDBSQLite
import Resources

/// A statement that is prepared once and used many times.
final class PreparedStatement {
    private let connection: Connection
    private let handle: OpaquePointer

    init(_ connection: Connection, _ sql: String) throws(VolumeStoreError) {
        self.connection = connection
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw connection.fault(code) }
        handle = prepared
    }

    deinit { sqlite3_finalize(handle) }

    /// Carries it out; it has no rows, or they are of no interest.
    func run<each Value: Bindable>(_ values: repeat each Value) throws(VolumeStoreError) {
        bind(repeat each values)
        defer { reset() }
        _ = try step()
    }

    /// What stands in the first row; `nil` when there is none.
    func first<Result, each Value: Bindable>(
        _ values: repeat each Value, row body: (PreparedStatement) throws(VolumeStoreError) -> Result
    ) throws(VolumeStoreError) -> Result? {
        bind(repeat each values)
        defer { reset() }
        return try step() ? try body(self) : nil
    }

    /// What stands in each row.
    func all<Result, each Value: Bindable>(
        _ values: repeat each Value, row body: (PreparedStatement) throws(VolumeStoreError) -> Result
    ) throws(VolumeStoreError) -> [Result] {
        bind(repeat each values)
        defer { reset() }
        var results: [Result] = []
        while try step() { results.append(try body(self)) }
        return results
    }

    private func bind<each Value: Bindable>(_ values: repeat each Value) {
        var place: CInt = 0
        for value in repeat each values {
            place += 1
            value.bind(to: handle, at: place)
        }
    }

    /// - Returns: whether there is a row.
    func step() throws(VolumeStoreError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        guard code == SQLITE_DONE else { throw connection.fault(code) }
        return false
    }

    func reset() { sqlite3_reset(handle) }

    // MARK: Columns

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func integer(_ column: CInt) throws(VolumeStoreError) -> Int64 {
        guard sqlite3_column_type(handle, column) == SQLITE_INTEGER else { throw malformed(column) }
        return sqlite3_column_int64(handle, column)
    }

    /// All 64 bits.
    func unsigned(_ column: CInt) throws(VolumeStoreError) -> UInt64 { UInt64(bitPattern: try integer(column)) }

    func narrow<Value: FixedWidthInteger>(_ column: CInt, _: Value.Type = Value.self) throws(VolumeStoreError) -> Value {
        guard let value = Value(exactly: try integer(column)) else { throw malformed(column) }
        return value
    }

    func blob(_ column: CInt) throws(VolumeStoreError) -> [UInt8] {
        guard !isNull(column) else { throw malformed(column) }
        guard let start = sqlite3_column_blob(handle, column) else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column))))
    }

    func text(_ column: CInt) throws(VolumeStoreError) -> String { String(decoding: try blob(column), as: UTF8.self) }

    func identifier<Tag>(_ column: CInt, _: Identifier<Tag>.Type = Identifier<Tag>.self) throws(VolumeStoreError) -> Identifier<
        Tag
    > {
        guard let start = sqlite3_column_blob(handle, column), sqlite3_column_bytes(handle, column) == 16 else {
            throw malformed(column)
        }
        return Identifier(bytes: UnsafeRawBufferPointer(start: start, count: 16))
    }

    /// What a row means that cannot be.
    func malformed(_ column: CInt) -> VolumeStoreError {
        let name = sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "\(column)"
        return .damaged(file: connection.path, "column '\(name)' has what it cannot have")
    }
}

extension Identifier {
    init(bytes: UnsafeRawBufferPointer) {
        self.init(
            high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }
}
