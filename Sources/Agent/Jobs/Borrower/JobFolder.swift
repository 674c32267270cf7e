import FoundationEssentials
import Glibc

/// Where a borrower keeps the files of one of its jobs.
struct JobFolder: Hashable, Sendable {
    let path: String

    /// What goes along with the job.
    var inputs: String { path + "/in" }
    /// What the program made, once it is home.
    var outputs: String { path + "/out" }
    /// What it goes on from elsewhere, on its way into the inputs.
    var saved: String { path + "/saved" }
    var stdin: String { path + "/stdin" }
    var stdout: String { path + "/stdout" }
    var stderr: String { path + "/stderr" }

    /// The folder of all jobs.
    static func home(in dataDirectory: String) -> String { dataDirectory + "/jobs" }

    func create() throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Makes an empty directory in it, in place of what is there. Blocks.
    func createAnew(_ directory: String) throws {
        FileTree.remove(directory)
        guard mkdir(directory, 0o700) == 0 else { throw SpoolError("failed to create \(directory)", errno) }
    }

    /// Makes the names in it, and its own, durable. Blocks.
    func synchronise() throws {
        for directory in [path, path + "/.."] {
            let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw SpoolError("failed to open \(directory)", errno) }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else { throw SpoolError("failed to write \(directory)", errno) }
        }
    }
}
