import Foundation
import FrameKit
import Glibc
import Mounts
import Resources
import Testing
import VolumeClient
import VolumeKit
import Volumes

@Suite("A mount whose home or connection goes away", .serialized, .timeLimit(.minutes(3)))
struct LostHomeTests {
    private func losing(
        term: Microseconds = .seconds(10), _ body: (ServedVolume, LosingHome) async throws -> Void
    ) async throws {
        try await ServedVolume.serving(home: LosingHome.maker(term: term)) { served in
            try await body(served, try #require(served.home as? LosingHome))
        }
    }

    @Test("what was answered and is lost with the home is carried out again, once, by the home that follows")
    func replay() async throws {
        try await losing { served, home in
            let mounted = try served.mount()
            let file = try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT)
            try file.write("before")
            try file.synchronize()
            home.hold()
            for number in 0..<20 { try sys { mkdir(mounted.path + "/d\(number)", 0o755) } }
            try sys { rename(mounted.path + "/d0", mounted.path + "/moved") }
            try sys { link(mounted.path + "/f", mounted.path + "/g") }
            try file.write("after!")
            #expect(home.pending >= 22)
            try await home.restart()
            #expect(
                try await onThread { try Set(FileManager.default.contentsOfDirectory(atPath: mounted.path)) }
                    == Set((1..<20).map { "d\($0)" } + ["moved", "f", "g"]))
            try file.synchronize()
            #expect(try text(mounted.path + "/g") == "after!")
            var status = stat()
            try sys { fstat(file.descriptor, &status) }
            #expect(status.st_nlink == 2)
            let other = try served.mount()
            #expect(try text(other.path + "/g") == "after!")
            #expect(try Set(FileManager.default.contentsOfDirectory(atPath: other.path)).count == 22)
        }
    }

    @Test("what another one did and was lost with it, nobody goes on to see")
    func forgetting() async throws {
        try await losing(term: .seconds(4)) { served, home in
            let cable = try Cable(to: home.port)
            var link = HomeLink.Options()
            link.patience = .seconds(5)
            let (lost, mounted) = (try served.mount(over: cable, link: link), try served.mount())
            try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT).write("old")
            try OpenFile(mounted.path + "/f", O_RDONLY).synchronize()
            home.hold()
            try OpenFile(lost.path + "/f", O_RDWR).write("new")
            try OpenFile(lost.path + "/g", O_RDWR | O_CREAT).write("new")
            #expect(try text(mounted.path + "/f") == "new" && access(mounted.path + "/g", F_OK) == 0)
            cable.cut()
            try await home.restart()
            let path = mounted.path
            // It is known that the home is another one when it was asked something.
            _ = try await onThread { try sys { mkdir(path + "/d", 0o755) } }
            while try text(path + "/f") != "old" {}
            #expect(access(mounted.path + "/g", F_OK) != 0)
            cable.end()
        }
    }

    @Test("a call waits for the home as long as it is patient, then fails; handles work again when it is back")
    func outage() async throws {
        try await losing { served, home in
            var link = HomeLink.Options()
            link.patience = .milliseconds(500)
            let cable = try Cable(to: home.port)
            defer { cable.end() }
            let mounted = try served.mount(over: cable, link: link)
            let file = try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT)
            try file.write("before")
            try file.synchronize()
            cable.cut()
            let path = mounted.path
            let made = await result { try sys { mkdir(path + "/d", 0o755) } }
            #expect(made == Fault(EIO))
            cable.mend()
            while await result({ try sys { mkdir(path + "/e", 0o755) } }) != nil {}
            try file.write("after!")
            try file.synchronize()
            #expect(try text(mounted.path + "/f") == "after!")
        }
    }

    @Test("who waits for the home can be interrupted, and unmounting what has nothing to store does not wait for it")
    func interruption() async throws {
        try await losing(term: .hours(1)) { served, home in
            var link = HomeLink.Options()
            link.patience = .seconds(600)
            let cable = try Cable(to: home.port)
            defer { cable.end() }
            let mounted = try served.mount(over: cable, link: link)
            let path = mounted.path
            try await onThread { try OpenFile(path + "/f", O_RDWR | O_CREAT).synchronize() }
            cable.cut()
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/bin/mkdir")
            program.arguments = [path + "/d"]
            try program.run()
            let place = "/proc/\(program.processIdentifier)/wchan"
            try await until { try String(contentsOfFile: place, encoding: .utf8).contains("request_wait") }
            kill(program.processIdentifier, SIGKILL)
            try await onThread { program.waitUntilExit() }
            #expect(program.terminationReason == .uncaughtSignal)
            try await onThread { mounted.end() }
        }
    }

    private func result(_ body: @escaping @Sendable () throws -> Void) async -> Fault? {
        do {
            try await onThread(body)
            return nil
        } catch { return error as? Fault }
    }

    /// A mount whose cable to the home can be cut, and another one.
    private func severable(
        from maker: @escaping HomeMaker, patience: Duration,
        _ body: (ServedVolume, MountedVolume, MountedVolume, Cable) async throws -> Void
    ) async throws {
        try await ServedVolume.serving(home: maker) { served in
            let cable = try Cable(to: served.home.port)
            defer { cable.end() }
            var link = HomeLink.Options()
            link.patience = patience
            try await body(served, try served.mount(over: cable, link: link), try served.mount(), cable)
        }
    }

    /// The same over a home on files.
    private func severable(
        patience: Duration = .seconds(5), _ body: (MountedVolume, MountedVolume, Cable) async throws -> Void
    ) async throws {
        try await severable(from: FileHome.maker(term: .seconds(8)), patience: patience) { try await body($1, $2, $3) }
    }

    @Test("who is cut off does not go on to show what others may have changed, and works again, also over open handles")
    func cutOff() async throws {
        try await severable { mounted, other, cable in
            let file = try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT)
            try file.write("old")
            try file.synchronize()
            #expect(try file.text() == "old")
            cable.cut()
            // It is kept until the session of the other one is over.
            let path = other.path
            try await onThread { try OpenFile(path + "/f", O_RDWR).write("newer") }
            #expect(await result { _ = try file.text() } == Fault(EIO))
            var status = stat()
            #expect(fstat(file.descriptor, &status) != 0 || status.st_size != 3)
            cable.mend()
            while await result({ _ = try file.text() }) == Fault(EIO) {}
            #expect(try file.text() == "newer")
            try file.write("again")
            try file.synchronize()
            #expect(try text(other.path + "/f") == "again")
        }
    }

    @Test("who is cut off does not show it either while calls on other files hang")
    func cutOffWhileCallsHang() async throws {
        try await severable(patience: .seconds(10)) { mounted, other, cable in
            let file = try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT)
            try file.write("old")
            try file.synchronize()
            #expect(try file.text() == "old")
            // All but one of the threads that a mount has.
            let directories = (1..<MountSettings().threads).map { mounted.path + "/d\($0)" }
            for directory in directories {
                try sys { mkdir(directory, 0o755) }
                #expect(access(directory + "/absent", F_OK) != 0)
            }
            cable.cut()
            async let hanging = withTaskGroup(of: Fault?.self) { group in
                for directory in directories { group.addTask { await result { try sys { mkdir(directory + "/d", 0o755) } } } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let path = other.path
            try await onThread { try OpenFile(path + "/f", O_RDWR).write("newer") }
            #expect(await result { _ = try file.text() } == Fault(EIO))
            #expect(await hanging == directories.map { _ in Fault(EIO) })
        }
    }

    @Test(
        "what was written and closed and not told before the session was over is told in the next one, if nobody changed the file"
    )
    func keptWrites() async throws {
        try await severable(patience: .seconds(1)) { mounted, other, cable in
            let open = try OpenFile(mounted.path + "/open", O_RDWR | O_CREAT)
            try open.write("old")
            try open.synchronize()
            try open.write("mine")
            for number in 0..<20 { try OpenFile(mounted.path + "/f\(number)", O_WRONLY | O_CREAT).write("content \(number)") }
            cable.cut()
            let path = other.path
            // It is kept until the session of the other one is over.
            #expect(try await onThread { try text(path + "/open") } == "old")
            #expect(await result { try open.synchronize() } == Fault(EIO))
            cable.mend()
            while await result({ try open.synchronize() }) == Fault(EIO) {}
            #expect(try text(path + "/open") == "mine")
            for number in 0..<20 {
                #expect(try await onThread { try text(path + "/f\(number)") } == "content \(number)")
            }
            #expect(mounted.losses.isEmpty)
        }
    }

    @Test("what was written before the home began again, and not told before the session was over either, is kept as well")
    func keptAcrossHomes() async throws {
        try await severable(from: LosingHome.maker(term: .seconds(4)), patience: .seconds(1)) { served, mounted, other, cable in
            let home = try #require(served.home as? LosingHome)
            let file = try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT)
            try file.write("old")
            try file.synchronize()
            try file.write("mine")
            try await home.restart()
            // It has asked the home that there is now what it knows by then.
            for number in 0..<20 {
                while await result({ try sys { mkdir(mounted.path + "/d\(number)", 0o755) } }) == Fault(EIO) {}
            }
            cable.cut()
            #expect(try await onThread { try text(other.path + "/f") } == "old")
            cable.mend()
            while await result({ try file.synchronize() }) == Fault(EIO) {}
            #expect(try text(other.path + "/f") == "mine")
            #expect(mounted.losses.isEmpty)
        }
    }

    @Test("what a session had changed that is over is not told to a home that begins again right after")
    func oldRecords() async throws {
        try await severable(from: LosingHome.maker(term: .seconds(4)), patience: .seconds(1)) { served, mounted, other, cable in
            let home = try #require(served.home as? LosingHome)
            let path = mounted.path
            for round in 0..<2 {
                for number in 0..<50 { try sys { mkdir(path + "/d\(round)-\(number)", 0o755) } }
                cable.cut()
                // The session is over when another one may change what it has.
                _ = try await onThread { try sys { mkdir(other.path + "/other\(round)", 0o755) } }
                cable.mend()
                while await result({ try sys { mkdir(path + "/new\(round)", 0o755) } }) == Fault(EIO) {}
                try await home.restart()
                try await onThread { try OpenFile(path + "/f\(round)", O_RDWR | O_CREAT).synchronize() }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: other.path).count == 106)
        }
    }

    @Test("what was written is kept however long the home is away, and told when it is back")
    func longOutage() async throws {
        try await losing(term: .hours(1)) { served, home in
            let cable = try Cable(to: home.port)
            defer { cable.end() }
            var link = HomeLink.Options()
            link.patience = .milliseconds(200)
            let mounted = try served.mount(over: cable, link: link)
            for number in 0..<20 { try OpenFile(mounted.path + "/f\(number)", O_WRONLY | O_CREAT).write("content \(number)") }
            let file = try OpenFile(mounted.path + "/f0", O_RDWR)
            cable.cut()
            for _ in 0..<3 { #expect(await result { try file.synchronize() } == Fault(EIO)) }
            cable.mend()
            while await result({ try file.synchronize() }) == Fault(EIO) {}
            let path = try served.mount().path
            for number in 0..<20 {
                #expect(try await onThread { try text(path + "/f\(number)") } == "content \(number)")
            }
            #expect(mounted.losses.isEmpty)
        }
    }

    @Test("what was written and not told before the session was over is lost, and whoever asks for durability is told")
    func lostWrites() async throws {
        try await severable { mounted, other, cable in
            let file = try OpenFile(mounted.path + "/f", O_RDWR | O_CREAT)
            try file.write("old")
            try file.synchronize()
            try file.write("mine")
            cable.cut()
            let path = other.path
            try await onThread { try OpenFile(path + "/f", O_RDWR).write("theirs") }
            cable.mend()
            while await result({ _ = try file.text() }) == Fault(EIO) {}
            #expect(try file.text() == "theirs")
            #expect(throws: Fault(EIO)) { try file.synchronize() }
            try file.synchronize()
            #expect(try text(mounted.path + "/f") == "theirs" && text(other.path + "/f") == "theirs")
            #expect(mounted.losses.count == 1)
        }
    }
}
