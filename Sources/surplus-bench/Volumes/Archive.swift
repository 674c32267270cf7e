import Foundation
import Resources

/// An archive of small files in directories, as sources are: up to 16 KiB each, half of them less than 4.
struct Archive {
    /// The path of the archive.
    let path: String
    /// Files and directories in it.
    let entries: Int

    private static let filesOfADirectory = 19

    /// Makes one in a directory.
    init(in directory: String, entries: Int) throws {
        path = directory + "/source.tar"
        self.entries = entries
        let tree = directory + "/source"
        var random = SeededGenerator(seed: 5)
        let bytes = RandomBytes(seed: 6)
        for index in 0..<entries {
            let (folder, number) = index.quotientAndRemainder(dividingBy: Self.filesOfADirectory + 1)
            let place = "\(tree)/folder-\(folder)"
            if number == 0 {
                try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            } else {
                let size = Int.random(in: 0...16384, using: &random) * Int.random(in: 0...16384, using: &random) / 16384
                try PlainFile("\(place)/file-\(number)", O_WRONLY | O_CREAT | O_EXCL).write(bytes.next(size), at: 0)
            }
        }
        try tar("--create", tree)
        try FileManager.default.removeItem(atPath: tree)
    }

    private func tar(_ operation: String, _ directory: String) throws {
        let command = ["/usr/bin/tar", operation, "--file", path, "--directory", directory, "."]
        _ = try Clients(command: command, environment: [:]).output()
    }

    /// Unpacks it into a directory, which is made, and has all of it on the disk.
    ///
    /// - Returns: entries a second.
    func unpack(into directory: String, _ cold: ColdStart) throws -> Double {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        try cold.settle()
        return try Double(entries)
            / secondsTaken {
                try tar("--extract", directory)
                try cold.settle()
            }
    }
}
