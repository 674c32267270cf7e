import Foundation
import Glibc
import Testing

/// A program of another process, which ends with the test.
final class Program {
    private let process = Process()
    private let output = Pipe()

    init(_ words: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        (process.standardOutput, process.standardError, process.standardInput) = (output, output, FileHandle.nullDevice)
        try process.run()
    }

    /// A script in Python, with arguments.
    convenience init(python script: String, _ arguments: String...) throws {
        try self.init(["/usr/bin/python3", "-uc", script] + arguments)
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }

    var id: Int32 { process.processIdentifier }

    func end() { process.waitUntilExit() }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// The next line that it writes, or nil when it writes none any more.
    func line() -> String? {
        var bytes: [UInt8] = []
        while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            bytes.append(byte)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// All that it writes until it ends.
    static func run(_ words: String...) throws -> String {
        let program = try Program(words)
        let text = program.output.fileHandleForReading.readDataToEndOfFile()
        program.process.waitUntilExit()
        return String(decoding: text, as: UTF8.self).trimmingCharacters(in: .newlines)
    }
}

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

    func write(_ bytes: [UInt8], at offset: Int = 0) throws(Fault) {
        try sys { pwrite(descriptor, bytes, bytes.count, off_t(offset)) }
    }

    func write(_ text: String) throws(Fault) { try write(Array(text.utf8)) }

    func read(_ count: Int = 4096, at offset: Int = 0) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try sys { pread(descriptor, &bytes, count, off_t(offset)) }
        return Array(bytes[..<got])
    }

    func text() throws(Fault) -> String { String(decoding: try read(), as: UTF8.self) }

    var status: stat {
        get throws(Fault) {
            var status = stat()
            try sys { fstat(descriptor, &status) }
            return status
        }
    }
}

func status(_ path: String) throws(Fault) -> stat {
    var status = stat()
    try sys { lstat(path, &status) }
    return status
}

/// Names in a directory, in the order in which they come.
func names(_ path: String) throws(Fault) -> [[UInt8]] {
    guard let stream = opendir(path) else { throw Fault(errno) }
    defer { closedir(stream) }
    var names: [[UInt8]] = []
    while let entry = readdir(stream) {
        names.append(withUnsafeBytes(of: entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) })
    }
    return names
}
