import Foundation
import FrameKit
import Glibc
import Mounts
import Resources
import Testing
import VolumeKit
import Volumes

@testable import VolumeClient

@Suite("What goes out by itself", .serialized, .timeLimit(.minutes(3)))
struct WritebackTests {
    @Test("what was written to a file that stays open is stored once it is old, in pieces of any size")
    func age() async throws {
        try await ServedVolume.serving { served in
            let mounted = try served.mount(age: .milliseconds(200))
            let file = try OpenFile(mounted.path + "/log", O_WRONLY | O_CREAT)
            for line in ["first", "second", "third"] {
                let before = served.stored
                try file.write(line)
                try await until { served.stored > before }
            }
        }
    }

    @Test("with much that waits all goes out, and all of it is there")
    func much() async throws {
        try await ServedVolume.serving { served in
            let mounted = try served.mount()
            // Each file has less than a block.
            let (count, piece) = (Int(VolumeFileSystem.mostWaiting >> 20) + 40, 1 << 20)
            let files = try await onThread {
                try (0..<count).map { number in
                    let file = try OpenFile(mounted.path + "/f\(number)", O_RDWR | O_CREAT)
                    let bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: piece)
                    try sys { pwrite(file.descriptor, bytes, bytes.count, 0) }
                    return file
                }
            }
            try await until { served.stored > .zero }
            let path = try served.mount().path
            for number in 0..<count {
                let data = try await onThread { try Data(contentsOf: URL(fileURLWithPath: path + "/f\(number)")) }
                #expect(data == Data(repeating: UInt8(truncatingIfNeeded: number), count: piece))
            }
            withExtendedLifetime(files) {}
        }
    }

    @Test("unmounting stores all that was written, however long that takes as long as it goes on")
    func unmounting() async throws {
        try await ServedVolume.serving { served in
            var link = HomeLink.Options()
            link.patience = .seconds(1)
            let (mounted, count) = (try served.mount(link: link), 600)
            try await onThread {
                for number in 0..<count {
                    let file = try OpenFile(mounted.path + "/f\(number)", O_WRONLY | O_CREAT)
                    // Scattered, so that it takes its time.
                    for place in 0..<20 { try file.write("content \(number)", at: place << 12) }
                }
                mounted.end()
            }
            #expect(mounted.losses.isEmpty)
            let path = try served.mount().path
            for number in 0..<count { #expect(try text(path + "/f\(number)").hasPrefix("content \(number)")) }
        }
    }

    @Test("a change of names is durable when it comes back, where that is asked for")
    func names() async throws {
        try await ServedVolume.serving(home: LosingHome.maker()) { served in
            let home = try #require(served.home as? LosingHome)
            var (options, link) = (MountOptions(), HomeLink.Options())
            (options.hasSynchronousDirectories, link.patience) = (true, .seconds(2))
            let (strict, other) = (try served.mount(options, link: link), try served.mount())
            home.hold()
            _ = try await onThread { try sys { mkdir(other.path + "/d", 0o755) } }
            await #expect(throws: Fault(EIO)) { _ = try await onThread { try sys { mkdir(strict.path + "/e", 0o755) } } }
            try await home.restart()
        }
    }
}

@Suite("What the kernel may keep of content")
struct KeptContentTests {
    private let file = ClientFile(InodeNumber(rawValue: 7))

    private func grant(_ stamp: UInt64) { file.take(LeaseGrant(file.number, .read, stamp: stamp), nil) { 0 } }

    /// As when it is opened.
    private func keeps() -> Bool { file.state.withLock { $0.keepsCache() } }

    private func wasRead(since before: Int?) -> Bool { file.state.withLock { $0.wasRead(since: before) } }

    @Test("what was read under a lease that holds, until that is lost")
    func held() {
        #expect(!keeps(), "without a lease")
        grant(1)
        let before = file.state.withLock(\.holding)
        #expect(keeps() && wasRead(since: before) && keeps())
        file.state.withLock { $0.lease = nil }
        #expect(wasRead(since: before), "what was read under it may be shown")
        grant(2)
        #expect(!keeps(), "the kernel may have kept it after it was told to forget")
        #expect(keeps(), "it has forgotten when the file was opened")
        #expect(!wasRead(since: before), "under a lease of before: it is read again")
    }

    @Test("nothing that was read without a lease: others may have changed it before there was one again")
    func unheld() {
        #expect(wasRead(since: nil))
        grant(1)
        #expect(!keeps())
        #expect(keeps())
        #expect(!wasRead(since: nil), "before the lease: it is read again")
        #expect(!keeps())
    }

    @Test("nothing while it is being made to forget")
    func forgetting() {
        grant(1)
        file.state.withLock { $0.forgetting = 1 }
        #expect(!keeps())
        file.state.withLock { $0.forgetting = 0 }
        #expect(keeps())
    }
}
