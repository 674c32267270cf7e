import Foundation
import Resources

/// Many empty files of one directory, by one thread: made, looked at, renamed and removed.
struct NameWork {
    /// The directory, which is made for it.
    let directory: String
    /// How many files.
    let files: Int

    /// All of these return how many a second.
    func create() throws -> Double {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
        return try rate { index in _ = try PlainFile(name(index), O_WRONLY | O_CREAT | O_EXCL) }
    }

    /// Asks for the attributes of each, in another order than they were made in.
    func stat() throws -> Double {
        var random = SeededGenerator(seed: 4)
        let order = (0..<files).shuffled(using: &random)
        var found = Foundation.stat()
        return try rate { index in
            guard lstat(name(order[index]), &found) == 0 else { throw StorageFault.last("look at \(name(order[index]))") }
        }
    }

    func rename() throws -> Double {
        try rate { index in
            guard Foundation.rename(name(index), newName(index)) == 0 else { throw StorageFault.last("rename \(name(index))") }
        }
    }

    func unlink() throws -> Double {
        let rate = try rate { index in
            guard Foundation.unlink(newName(index)) == 0 else { throw StorageFault.last("remove \(newName(index))") }
        }
        rmdir(directory)
        return rate
    }

    private func name(_ index: Int) -> String { "\(directory)/file-\(index)" }
    private func newName(_ index: Int) -> String { "\(directory)/renamed-\(index)" }

    private func rate(_ work: (Int) throws -> Void) rethrows -> Double {
        try Double(files) / secondsTaken { for index in 0..<files { try work(index) } }
    }
}
