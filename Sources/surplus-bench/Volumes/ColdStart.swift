import Foundation

/// Has everybody forget what they keep of files, so that the disk is asked.
struct ColdStart {
    let contender: any StorageContender
    /// Where the disk that all store on is mounted.
    let disk: String

    /// Returns once all that was written is on the disk, also what a server has only taken in.
    func settle() throws {
        // one system call each, which Foundation lacks
        for place in [contender.place, disk] {
            _ = try Clients(command: ["/usr/bin/sync", "--file-system", place], environment: [:]).output()
        }
    }

    func callAsFunction() throws {
        try settle()
        try contender.remount()
        // clean pages, directory entries and inodes of all file systems
        try "3".write(toFile: "/proc/sys/vm/drop_caches", atomically: false, encoding: .utf8)
    }
}
