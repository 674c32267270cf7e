import GRDBSQLite
import Resources
import Volumes

/// What a parameter of a statement can be. SQLite copies what is bound.
protocol Bindable {
    func bind(to statement: OpaquePointer, at place: CInt)
}

/// `SQLITE_TRANSIENT`, which is no constant that Swift can import.
private let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

extension Int64: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { sqlite3_bind_int64(statement, place, self) }
}

extension UInt64: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { Int64(bitPattern: self).bind(to: statement, at: place) }
}

extension UInt32: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { Int64(self).bind(to: statement, at: place) }
}

extension UInt16: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { Int64(self).bind(to: statement, at: place) }
}

/// At most as many as SQLite can count.
extension Int: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { Int64(self).bind(to: statement, at: place) }
}

extension Array: Bindable where Element == UInt8 {
    func bind(to statement: OpaquePointer, at place: CInt) {
        withUnsafeBytes { bytes in
            // Without an address it would be NULL.
            guard let start = bytes.baseAddress, !bytes.isEmpty else {
                _ = sqlite3_bind_zeroblob(statement, place, 0)
                return
            }
            sqlite3_bind_blob64(statement, place, start, UInt64(bytes.count), copied)
        }
    }
}

extension String: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) {
        var text = self
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                // Without an address it would be NULL.
                let start = UnsafePointer(characters.baseAddress) ?? UnsafePointer(bitPattern: 1)
                sqlite3_bind_text64(statement, place, start, UInt64(characters.count), copied, UInt8(SQLITE_UTF8))
            }
        }
    }
}

extension Identifier: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes in
            _ = sqlite3_bind_blob64(statement, place, bytes.baseAddress, 16, copied)
        }
    }
}

extension Optional: Bindable where Wrapped: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) {
        guard let self else {
            _ = sqlite3_bind_null(statement, place)
            return
        }
        self.bind(to: statement, at: place)
    }
}

extension InodeNumber: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { rawValue.bind(to: statement, at: place) }
}

extension FileTime: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { rawValue.bind(to: statement, at: place) }
}

extension FileKind: Bindable {
    func bind(to statement: OpaquePointer, at place: CInt) { Int64(rawValue).bind(to: statement, at: place) }
}
