import Glibc
import Mounts
import Resources
import Testing
import Volumes

@Suite("Many threads on a mount", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct ConcurrencyTests {
    @Test(
        "Sixteen threads make, write, read, rename, list and remove at once, with one thread to answer or many",
        arguments: [1, 16])
    func crowd(_ threads: Int) throws {
        var settings = MountSettings()
        settings.threads = threads
        let mounted = try MountedFiles(settings: settings)
        mounted.files.change { $0.validity = .seconds(1) }
        let workers = Workers()
        for index in 0..<16 {
            workers.start {
                var random = SeededGenerator(seed: UInt64(index))
                let directory = mounted.path("d\(index % 4)")
                if mkdir(directory, 0o755) != 0, errno != EEXIST { throw Fault(errno) }
                for round in 0..<50 {
                    let (name, renamed) = ("\(directory)/\(index)-\(round)", "\(directory)/\(index)-\(round)-renamed")
                    let bytes = (0..<Int.random(in: 1...100_000, using: &random)).map { UInt8(truncatingIfNeeded: $0 &* index) }
                    let file = try OpenFile(name, O_RDWR | O_CREAT | O_EXCL)
                    try file.write(bytes)
                    try sys { rename(name, renamed) }
                    guard try OpenFile(renamed, O_RDONLY).read(200_000) == bytes else { throw Fault(EIO) }
                    guard try names(directory).contains(Array("\(index)-\(round)-renamed".utf8)) else { throw Fault(ENOENT) }
                    try sys { unlink(renamed) }
                }
            }
        }
        #expect(workers.join().isEmpty)
        for index in 0..<4 { try sys { rmdir(mounted.path("d\(index)")) } }
        #expect(try names(mounted.directory).count == 2)
        #expect(mounted.files.change { state in state.nodes[.root]?.inode.links } == 2)
    }

    @Test("Direct writes of several threads to one file come together")
    func parallelWrites() throws {
        let mounted = try MountedFiles()
        mounted.files.change { $0.isDirect = true }
        let file = try OpenFile(mounted.path("file"), O_RDWR | O_CREAT)
        try file.write([UInt8](repeating: 0, count: 8 << 20))
        // The first write to come waits for a second one.
        let meeting = Meeting(2)
        mounted.files.change { $0.atWrite = { meeting.arrive() } }
        let workers = Workers()
        for index in 1...2 {
            workers.start { try file.write([UInt8](repeating: UInt8(index), count: 4096), at: index << 20) }
        }
        #expect(workers.join().isEmpty && meeting.hasMet)
        mounted.files.change { $0.atWrite = nil }
        #expect(try file.read(1, at: 1 << 20) == [1] && file.read(1, at: 2 << 20) == [2])
    }
}
