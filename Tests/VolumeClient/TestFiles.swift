import Foundation
import Glibc
import Testing

/// A system call that failed.
struct Fault: Error, Equatable {
    let number: Int32

    init(_ number: Int32) { self.number = number }
}

@discardableResult
func sys<R: SignedInteger>(_ body: () -> R) throws(Fault) -> R {
    let result = body()
    guard result >= 0 else { throw Fault(errno) }
    return result
}

/// An open file, closed when nobody has it any more.
final class OpenFile: Sendable {
    let descriptor: Int32

    init(_ path: String, _ flags: Int32, _ mode: mode_t = 0o644) throws(Fault) {
        descriptor = try sys { open(path, flags | O_CLOEXEC, mode) }
    }

    deinit { close(descriptor) }

    func write(_ text: String, at offset: Int = 0) throws(Fault) {
        let bytes = Array(text.utf8)
        try sys { pwrite(descriptor, bytes, bytes.count, off_t(offset)) }
    }

    func text() throws(Fault) -> String {
        var (all, piece) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while true {
            let count = try sys { pread(descriptor, &piece, piece.count, off_t(all.count)) }
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += piece[..<count]
        }
    }

    func synchronize() throws(Fault) { try sys { fsync(descriptor) } }
}

func text(_ path: String) throws(Fault) -> String { try OpenFile(path, O_RDONLY).text() }

/// Runs something that blocks on a thread of its own.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
