import Foundation

/// The bytes of a file, which may be compressed by gzip.
enum TextFile {
    private static let largest = 1 << 30

    static func content(of path: String) throws(Misuse) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else { throw Misuse("\(path): failed to open it") }
        guard path.hasSuffix(".gz") else { return try all(of: file, path) }
        let gzip = Process()
        let pipe = Pipe()
        gzip.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
        gzip.arguments = ["-dc"]
        gzip.standardInput = file
        gzip.standardOutput = pipe
        gzip.standardError = FileHandle.nullDevice
        do { try gzip.run() } catch { throw Misuse("\(path): failed to run gzip: \(error)") }
        defer { gzip.terminate() }
        let bytes = try all(of: pipe.fileHandleForReading, path)
        gzip.waitUntilExit()
        guard gzip.terminationStatus == 0 else { throw Misuse("\(path): is not compressed by gzip, or was cut short") }
        return bytes
    }

    /// The lines of a file with their numbers, without line ends and without those that are empty or begin with `comment`.
    static func lines(of path: String, comment: Character) throws(Misuse) -> [(number: Int, text: Substring)] {
        let text = String(decoding: try content(of: path), as: UTF8.self)
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            let line = line.hasSuffix("\r") ? line.dropLast() : line
            return line.isEmpty || line.first == comment ? nil : (index + 1, line)
        }
    }

    private static func all(of file: FileHandle, _ path: String) throws(Misuse) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let piece: Data?
            do { piece = try file.read(upToCount: 1 << 20) } catch { throw Misuse("\(path): failed to read it: \(error)") }
            guard let piece, !piece.isEmpty else { return bytes }
            bytes += piece
            guard bytes.count <= largest else { throw Misuse("\(path): is larger than \(largest >> 20) MiB") }
        }
    }
}
