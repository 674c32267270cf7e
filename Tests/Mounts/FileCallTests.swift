import Glibc
import Mounts
import Testing
import Volumes

@Suite("Files on a mount", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct FileCallTests {
    private let mounted: MountedFiles

    init() throws { mounted = try MountedFiles() }

    private func open(_ name: String, _ flags: Int32) throws -> OpenFile { try OpenFile(mounted.path(name), flags) }

    @Test("What is written is read, at every offset and size, through the cache and past it", arguments: [false, true])
    func content(_ isDirect: Bool) throws {
        mounted.files.change { $0.isDirect = isDirect }
        let bytes = (0..<3_000_001).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 9) }
        let file = try open("file", O_RDWR | O_CREAT)
        for start in stride(from: 0, to: bytes.count, by: 700_001) {
            try file.write(Array(bytes[start..<min(start + 700_001, bytes.count)]), at: start)
        }
        #expect(try open("file", O_RDONLY).read(bytes.count + 10) == bytes)
        #expect(try file.read(10, at: 1_048_571) == Array(bytes[1_048_571..<1_048_581]))
        #expect(try file.read(10, at: bytes.count).isEmpty && file.status.st_size == bytes.count)
        try file.write([1, 2, 3], at: 5_000_000)
        #expect(try file.read(2, at: 4_000_000) == [0, 0])
    }

    @Test("Reads and writes come in calls of a mebibyte")
    func sizes() throws {
        let bytes = [UInt8](repeating: 7, count: 8 << 20)
        let file = try open("file", O_RDWR | O_CREAT)
        try file.write(bytes)
        #expect(mounted.files.count("write") == 8)
        mounted.files.change { $0.isDirect = true }
        #expect(try open("file", O_RDONLY).read(8 << 20) == bytes)
        #expect(mounted.files.count("read") == 9, "and one that finds the end")
    }

    @Test("Who reads in sequence has large parts read ahead")
    func readingAhead() throws {
        let bytes = [UInt8](repeating: 7, count: 16 << 20)
        try open("file", O_WRONLY | O_CREAT).write(bytes)
        let file = try open("file", O_RDONLY)
        for place in stride(from: 0, to: bytes.count, by: 64 << 10) {
            #expect(try file.read(64 << 10, at: place).count == 64 << 10)
        }
        #expect(mounted.files.count("read") < 40, "in parts of 64 KiB it would be 256 calls")
    }

    @Test("Flags arrive: to truncate, to append, to make only what is not there")
    func flags() throws {
        try open("file", O_WRONLY | O_CREAT | O_EXCL).write("long text")
        #expect(mounted.files.change { $0.lastFlags?.isExclusive } == true)
        #expect(throws: Fault(EEXIST)) { try open("file", O_WRONLY | O_CREAT | O_EXCL) }
        let changes = mounted.files.count("change")
        try open("file", O_WRONLY | O_TRUNC).write("ab")
        #expect(mounted.files.count("change") == changes, "the opening truncates")
        let log = try open("file", O_WRONLY | O_APPEND)
        #expect(mounted.files.change { $0.lastFlags.map { $0.appends && $0.writes && !$0.reads && !$0.truncates } } == true)
        mounted.files.change { state in
            "elsewhere".utf8.withContiguousStorageIfAvailable {
                state.nodes.values.first { $0.inode.kind == .regular }?.content.write(at: 0, UnsafeRawBufferPointer($0))
            } ?? ()
        }
        try sys { write(log.descriptor, "cd", 2) }
        #expect(try open("file", O_RDONLY).text() == "elsewherecd")
    }

    @Test("How a file is written at the moment arrives with each write")
    func manners() throws {
        let file = try open("file", O_WRONLY | O_CREAT)
        func manner(after flags: Int32) throws -> WriteManner? {
            try sys { fcntl(file.descriptor, F_SETFL, flags) }
            try sys { write(file.descriptor, "x", 1) }
            return mounted.files.change { $0.lastWrite }
        }
        #expect(try manner(after: 0) == WriteManner())
        #expect(try manner(after: O_APPEND)?.appends == true)
        let synchronous = try open("file", O_WRONLY | O_DSYNC)
        try synchronous.write("x")
        #expect(mounted.files.change { $0.lastWrite?.isSynchronous } == true)
    }

    @Test("A shared mapping is written, through the cache and past it", arguments: [false, true])
    func mapping(_ isDirect: Bool) throws {
        mounted.files.change { $0.isDirect = isDirect }
        let file = try open("file", O_RDWR | O_CREAT)
        try file.write([UInt8](repeating: 1, count: 10_000))
        let memory = try #require(mmap(nil, 10_000, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor, 0))
        try #require(memory != MAP_FAILED)
        memory.storeBytes(of: 9, toByteOffset: 5000, as: UInt8.self)
        try sys { msync(memory, 10_000, MS_SYNC) }
        munmap(memory, 10_000)
        #expect(try open("file", O_RDONLY).read(3, at: 4999) == [1, 9, 1])
        #expect(mounted.files.change { $0.lastWrite?.isFromCache } == true)
    }

    @Test("Calls to make durable arrive as what they are")
    func durability() throws {
        let file = try open("file", O_RDWR | O_CREAT)
        try file.write("x")
        try sys { fsync(file.descriptor) }
        try sys { fdatasync(file.descriptor) }
        let directory = try OpenFile(mounted.directory, O_RDONLY | O_DIRECTORY)
        try sys { fsync(directory.descriptor) }
        for method in ["synchronize", "synchronizeData", "synchronizeDirectory"] { #expect(mounted.files.count(method) == 1) }
    }

    @Test("Errors of reading, writing, syncing and closing are the system calls'")
    func faults() throws {
        mounted.files.change { $0.isDirect = true }
        let file = try open("file", O_RDWR | O_CREAT)
        try file.write("x")
        mounted.files.change {
            $0.faults = ["write": .noSpace, "synchronize": .inputOutput, "flush": .quotaExceeded, "read": .stale]
        }
        #expect(throws: Fault(ENOSPC)) { try file.write("y") }
        #expect(throws: Fault(EIO)) { try sys { fsync(file.descriptor) } }
        let copy = try sys { dup(file.descriptor) }
        #expect(throws: Fault(EDQUOT)) { try sys { close(copy) } }
        #expect(throws: Fault(ESTALE)) { try file.read() }
    }

    @Test("Room is kept, holes are made and found")
    func allocation() throws {
        let file = try open("file", O_RDWR | O_CREAT)
        #expect(posix_fallocate(file.descriptor, 0, 300_000) == 0)
        #expect(try file.status.st_size == 300_000)
        try file.write([UInt8](repeating: 5, count: 300_000))
        func allocate(_ words: String...) throws -> String {
            let program = try Program(["fallocate"] + words + [mounted.path("file")])
            return program.line() ?? ""
        }
        #expect(try allocate("-p", "-o", "65536", "-l", "65536").isEmpty)
        #expect(try file.read(2, at: 65_536) == [0, 0] && file.read(1, at: 65_535) == [5])
        #expect(try sys { lseek(file.descriptor, 0, 4) } == 65_536)
        #expect(try sys { lseek(file.descriptor, 65_536, 3) } == 131_072)
        #expect(try sys { lseek(file.descriptor, 200_000, 4) } == 300_000)
        #expect(throws: Fault(ENXIO)) { try sys { lseek(file.descriptor, 300_000, 3) } }
        #expect(try allocate("-z", "-o", "0", "-l", "10").isEmpty)
        #expect(try file.read(11) == [UInt8](repeating: 0, count: 10) + [5])
        #expect(try allocate("-n", "-o", "0", "-l", "900000").isEmpty && file.status.st_size == 300_000)
        #expect(try allocate("-c", "-o", "0", "-l", "65536").contains("not supported"))
    }

    @Test("Everything that was opened is released")
    func release() throws {
        for number in 1...20 { try open("f\(number)", O_WRONLY | O_CREAT).write("x") }
        _ = try names(mounted.directory)
        try mounted.mount.unmount(.lazy)
        try mounted.hasEnded()
        #expect(mounted.files.count("release") == 20 && mounted.files.count("releaseDirectory") == 1)
    }
}
