import Glibc
import Mounts
import Resources
import Synchronization
import Testing
import Volumes

@Suite("What the kernel is told", .enabled(if: MountedFiles.isPossible, "needs root and /dev/fuse"))
struct NotificationTests {
    private let mounted: MountedFiles
    private let path: String

    init() throws {
        var settings = MountSettings()
        settings.dropsChangedContent = false
        mounted = try MountedFiles(settings: settings)
        mounted.files.change { ($0.validity, $0.keepsCache) = (.hours(1), true) }
        path = mounted.path("file")
        try OpenFile(path, O_WRONLY | O_CREAT).write("old text")
    }

    /// Changes the file's content behind the kernel's back.
    private func change(to text: String) -> InodeNumber {
        mounted.files.change { state in
            guard let node = state.nodes.values.first(where: { $0.inode.kind == .regular }) else { return .root }
            node.content.resize(to: 0)
            Array(text.utf8).withUnsafeBytes { node.content.write(at: 0, $0) }
            node.touchContent()
            return node.inode.number
        }
    }

    private func text() throws -> String { try OpenFile(path, O_RDONLY).text() }

    @Test("A change of content is seen after the kernel is told, and not before")
    func content() throws {
        #expect(try text() == "old text")
        let number = change(to: "new text")
        #expect(try text() == "old text")
        try mounted.mount.contentChanged(of: number)
        #expect(try text() == "new text")
    }

    @Test("Of a part of the content only that part is read again")
    func range() throws {
        let number = change(to: String(repeating: "a", count: 20_000))
        try mounted.mount.contentChanged(of: number)
        let file = try OpenFile(path, O_RDONLY)
        #expect(try file.read(20_000).allSatisfy { $0 == UInt8(ascii: "a") })
        _ = change(to: String(repeating: "b", count: 20_000))
        try mounted.mount.contentChanged(of: number, from: 4096, to: 8192)
        let bytes = try file.read(20_000)
        #expect(bytes[..<4096].allSatisfy { $0 == UInt8(ascii: "a") } && bytes[8192...].allSatisfy { $0 == UInt8(ascii: "a") })
        #expect(bytes[4096..<8192].allSatisfy { $0 == UInt8(ascii: "b") })
    }

    @Test("A change of attributes is seen after the kernel is told, and not before")
    func attributes() throws {
        #expect(try status(path).st_size == 8)
        let number = change(to: "a longer text")
        #expect(try status(path).st_size == 8)
        try mounted.mount.attributesChanged(of: number)
        #expect(try status(path).st_size == 13)
    }

    @Test("A name that comes, goes or leads elsewhere is seen after the kernel is told, and not before")
    func names() throws {
        let other = mounted.path("other")
        #expect(throws: Fault(ENOENT)) { try status(other) }
        let (file, name) = (try FileName("file"), try FileName("other"))
        let number = mounted.files.change { state -> InodeNumber in
            guard let root = state.nodes[.root], let entry = root.entries.removeValue(forKey: file) else { return .root }
            root.entries[name] = entry
            return entry.number
        }
        #expect(throws: Fault(ENOENT)) { try status(other) }
        #expect(try status(path).st_ino == UInt(number.rawValue))
        try mounted.mount.entryChanged(name, in: .root)
        #expect(try status(other).st_ino == UInt(number.rawValue))
        try mounted.mount.entryRemoved(file, in: .root, was: number)
        #expect(throws: Fault(ENOENT)) { try status(path) }
    }

    @Test("What the kernel does not know is no fault")
    func unknown() throws {
        try mounted.mount.contentChanged(of: InodeNumber(rawValue: 4711))
        try mounted.mount.attributesChanged(of: InodeNumber(rawValue: 4711))
        try mounted.mount.entryChanged(FileName("never"), in: .root)
        try mounted.mount.entryChanged(FileName("never"), in: InodeNumber(rawValue: 4711))
        try mounted.mount.entryRemoved(FileName("never"), in: .root, was: InodeNumber(rawValue: 4711))
    }

    @Test("Without notification content is read anew where size or time have changed, if so set")
    func dropped() throws {
        let mounted = try MountedFiles()
        mounted.files.change { $0.keepsCache = true }
        let path = mounted.path("file")
        try OpenFile(path, O_WRONLY | O_CREAT).write("old text")
        #expect(try OpenFile(path, O_RDONLY).text() == "old text")
        mounted.files.change { state in
            guard let node = state.nodes.values.first(where: { $0.inode.kind == .regular }) else { return }
            Array("new".utf8).withUnsafeBytes { node.content.write(at: 0, $0) }
            node.touchContent()
        }
        #expect(try OpenFile(path, O_RDONLY).text() == "new text")
    }

    @Test("Within a call of the file system nothing can be told: the kernel would wait for that call")
    func within() throws {
        let refused = Mutex<PosixError?>(nil)
        mounted.files.change { state in
            state.atWrite = { [mount = mounted.mount] in
                do throws(PosixError) { try mount.attributesChanged(of: .root) } catch { refused.withLock { $0 = error } }
            }
        }
        try OpenFile(path, O_WRONLY).write("x")
        #expect(refused.withLock { $0 } == .deadlock)
        mounted.files.change { $0.atWrite = nil }
    }

    @Test("Notifications go on while calls for the same files do")
    func meanwhile() throws {
        let number = change(to: String(repeating: "x", count: 400_000))
        let isDone = Atomic(false)
        let workers = Workers()
        for index in 0..<4 {
            workers.start { [path, mounted] in
                for round in 0..<200 {
                    _ = try OpenFile(path, O_RDONLY).read(400_000)
                    let name = mounted.path("f\(index)-\(round)")
                    _ = try OpenFile(name, O_WRONLY | O_CREAT)
                    try sys { unlink(name) }
                }
            }
        }
        let notifier = Workers()
        notifier.start { [mounted] in
            while !isDone.load(ordering: .acquiring) {
                try mounted.mount.contentChanged(of: number)
                try mounted.mount.entryChanged(FileName("file"), in: .root)
                try mounted.mount.attributesChanged(of: .root)
            }
        }
        #expect(workers.join().isEmpty)
        isDone.store(true, ordering: .releasing)
        #expect(notifier.join().isEmpty)
    }
}
