import Foundation
import Resources
import Testing
import VolumeKit

@Suite(
    "A volume that several processes and mounts use at once", .serialized, .timeLimit(.minutes(3)),
    .enabled(if: Ground.isPossible, "needs root and /dev/fuse"))
struct SharingTests {
    /// Runs the body with paths of the same directory: twice on one mount, or on two mounts.
    private func sharing(_ mounts: Int, _ body: @escaping @Sendable ([String]) throws -> Void) async throws {
        var options = ServedVolume.Options()
        options.inodeLimit = 100_000
        try await ServedVolume.serving(options) { served in
            let paths = try (0..<mounts).map { _ in try served.mount(.forEverybody).path }
            try await onThread { try body(mounts == 1 ? [paths[0], paths[0]] : paths) }
        }
    }

    private func scene(_ directory: String) -> Scene { Scene(account: .root, directory: directory, readOnly: nil) }

    /// Runs a script in four processes, with one of the paths and the process's number, where they meet before they go on.
    private func fourTimes(_ script: String, _ paths: [String]) throws -> [String] {
        let meeting = """
            import os, sys
            def meet():
                open(f'{sys.argv[1]}/here-{sys.argv[2]}', 'w').close()
                while not all(os.path.exists(f'{sys.argv[1]}/here-{number}') for number in range(4)): pass

            """
        return try Tool.run(python: meeting + script, withEach: (0..<4).map { [paths[$0 % 2], "\($0)"] })
    }

    // MARK: Writing at the same time

    @Test("What several processes append is all there, each piece whole", arguments: [1, 2])
    func appending(mounts: Int) async throws {
        try await sharing(mounts) { paths in
            let script = """
                file = os.open(sys.argv[1] + '/log', os.O_CREAT | os.O_WRONLY | os.O_APPEND)
                meet()
                for number in range(150):
                    line = f'{sys.argv[2]} {number} '.encode()
                    os.write(file, line + b'.' * (37 * number % 300) + b'\\n')
                """
            _ = try fourTimes(script, paths)
            for path in paths {
                let lines = try String(contentsOfFile: path + "/log", encoding: .utf8).split(separator: "\n")
                #expect(lines.count == 600)
                let numbers = lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                #expect(Set(numbers).count == 600, "each once")
                for line in lines {
                    let words = line.split(separator: " ")
                    let number = try #require(words.count > 1 ? Int(words[1]) : nil, "\(line)")
                    #expect((words.count > 2 ? words[2].count : 0) == 37 * number % 300, "\(line)")
                }
            }
        }
    }

    @Test("Of those who make the same name at once one succeeds", arguments: [1, 2])
    func exclusive(mounts: Int) async throws {
        try await sharing(mounts) { paths in
            let script = """
                path, won = sys.argv[1], []
                open(path + '/source-' + sys.argv[2], 'w').close()
                meet()
                def tried(name, call, *arguments):
                    try: call(*arguments)
                    except FileExistsError: return
                    won.append(name)
                for number in range(60):
                    tried(f'f{number}', lambda name: os.close(os.open(name, os.O_CREAT | os.O_EXCL)), f'{path}/f{number}')
                    tried(f'd{number}', os.mkdir, f'{path}/d{number}')
                    tried(f'l{number}', os.symlink, 'x', f'{path}/l{number}')
                    tried(f'h{number}', os.link, path + '/source-' + sys.argv[2], f'{path}/h{number}')
                print(' '.join(won))
                """
            let won = try fourTimes(script, paths)
            let names = won.flatMap { $0.split(whereSeparator: \.isWhitespace) }
            #expect(names.count == 240 && Set(names).count == 240)
        }
    }

    @Test("Parts of one file that are written by different processes do not disturb each other", arguments: [1, 2])
    func parts(mounts: Int) async throws {
        try await sharing(mounts) { paths in
            let script = """
                file, part = os.open(sys.argv[1] + '/f', os.O_CREAT | os.O_RDWR), int(sys.argv[2])
                meet()
                for number in range(100):
                    os.pwrite(file, bytes([part + 1]) * 1000, (number * 4 + part) * 1000)
                """
            _ = try fourTimes(script, paths)
            let wanted = Data((0..<400).flatMap { [UInt8](repeating: UInt8($0 % 4 + 1), count: 1000) })
            for path in paths { #expect(try Data(contentsOf: URL(fileURLWithPath: path + "/f")) == wanted) }
        }
    }

    @Test("Who reads past the cache while it is written finds no older content than before")
    func readingWhileStored() async throws {
        try await sharing(1) { paths in
            // Each block of 4 KiB holds the number of the round that wrote it; the second thread reads it over and over.
            let script = """
                import mmap, os, struct, sys, threading
                path, blocks, rounds = sys.argv[1] + '/f', 64, 60
                writer = os.open(path, os.O_CREAT | os.O_RDWR)
                os.pwrite(writer, bytes(4096 * blocks), 0)
                def read():
                    reader, room = os.open(path, os.O_RDONLY | os.O_DIRECT), mmap.mmap(-1, 4096 * blocks)
                    last = [0] * blocks
                    while last[-1] < rounds:
                        if os.preadv(reader, [room], 0) != 4096 * blocks: print('short')
                        for block in range(blocks):
                            first, = struct.unpack_from('<Q', room, block * 4096)
                            if first < last[block]: print('block', block, 'went from', last[block], 'to', first)
                            last[block] = first
                reading = threading.Thread(target=read)
                reading.start()
                for number in range(1, rounds + 1):
                    for block in range(blocks):
                        os.pwrite(writer, struct.pack('<Q', number) * 512, block * 4096)
                    os.fsync(writer)
                reading.join()
                """
            let complaints = try Tool(python: script, paths[0]).finish()
            #expect(complaints == "")
        }
    }

    // MARK: Mappings

    @Test("A file that two processes map shared is the same memory for both")
    func mapping() async throws {
        try await sharing(1) { paths in
            try Data(count: 20_000).write(to: URL(fileURLWithPath: paths[0] + "/f"))
            let script = """
                import mmap, os, sys
                file, own = os.open(sys.argv[1] + '/f', os.O_RDWR), int(sys.argv[2])
                memory = mmap.mmap(file, 20000)
                # Each adds to the place of the other what it finds in its own, in turns.
                for number in range(50):
                    while memory[own] != number + (0 if own == 0 else 1): pass
                    memory[8192 + 200 * own + number] = number + 1
                    memory[1 - own] = number + 1
                memory.flush()
                """
            _ = try Tool.run(python: script, withEach: [[paths[0], "0"], [paths[0], "1"]])
            let content = try Data(contentsOf: URL(fileURLWithPath: paths[0] + "/f"))
            #expect(content.count == 20_000)
            for own in 0..<2 { #expect(Array(content[8192 + 200 * own..<8242 + 200 * own]) == Array(1...50)) }
        }
    }

    @Test("What was changed through a mapping is read through another mount once it is made durable")
    func mappingElsewhere() async throws {
        try await sharing(2) { paths in
            try Data(count: 300_000).write(to: URL(fileURLWithPath: paths[0] + "/f"))
            let write = """
                import mmap, os, sys
                file = os.open(sys.argv[1] + '/f', os.O_RDWR)
                memory = mmap.mmap(file, 300000)
                for place in range(int(sys.argv[2]), 300000, 4096): memory[place] = 7
                memory.flush()
                """
            let read = """
                import mmap, os, sys
                file = os.open(sys.argv[1] + '/f', os.O_RDONLY)
                memory = mmap.mmap(file, 300000, prot=mmap.PROT_READ)
                print(sum(1 for place in range(0, 300000) if memory[place] == 7))
                """
            for round in 0..<6 {
                try Tool(python: write, paths[round % 2], "\(round)").finish()
                let count = try Tool(python: read, paths[(round + 1) % 2]).finish()
                let wanted = (0...round).reduce(0) { $0 + (300_000 - $1 + 4095) / 4096 }
                #expect(count == "\(wanted)\n")
            }
        }
    }

    // MARK: Two mounts

    @Test("What is closed on one mount is what is opened on the other: content, size, and no rest of what was before")
    func closeToOpen() async throws {
        try await sharing(2) { paths in
            var random = SeededGenerator(seed: 7)
            for round in 0..<60 {
                let (writer, reader) = (scene(paths[round % 2]), scene(paths[(round + 1) % 2]))
                let text = String(repeating: "\(round),", count: Int.random(in: 0..<9000, using: &random))
                let path = "/f\(round % 3)"
                switch round % 4 {
                case 0: try writer.open(writer.directory + path, O_CREAT | O_TRUNC | O_WRONLY).write(text)
                case 1:
                    try? writer.unlink(writer.directory + path)
                    try writer.file(writer.directory + path, text)
                case 2:
                    try writer.file(writer.directory + "/new", text)
                    try writer.rename(writer.directory + "/new", writer.directory + path)
                default:
                    let file = try writer.open(writer.directory + path, O_CREAT | O_RDWR)
                    try file.write(text, at: 0)
                    try file.truncate(text.utf8.count)
                }
                #expect(try String(contentsOfFile: reader.directory + path, encoding: .utf8) == text, "round \(round)")
                #expect(try reader.status(reader.directory + path).st_size == text.utf8.count)
            }
        }
    }

    @Test("Attributes are the same on both mounts after each change, and stay so when content is stored")
    func attributes() async throws {
        try await sharing(2) { paths in
            let (one, other) = (scene(paths[0]), scene(paths[1]))
            func compare(_ name: String, _ what: String) throws {
                let (a, b) = (try one.status(paths[0] + name), try other.status(paths[1] + name))
                #expect(a.st_ino == b.st_ino && a.st_mode == b.st_mode && a.st_nlink == b.st_nlink, "\(what)")
                #expect(a.st_uid == b.st_uid && a.st_size == b.st_size && a.st_blocks == b.st_blocks, "\(what)")
                #expect([a.modified, a.changed, a.accessed] == [b.modified, b.changed, b.accessed], "\(what)")
            }
            let file = try one.file(paths[0] + "/f", "text")
            let times = try file.status
            try compare("/f", "written")
            #expect(try other.status(paths[1] + "/f").modified == times.modified, "its time is when it was written")
            try file.write(String(repeating: "x", count: 100_000))
            try compare("/f", "written more")
            try other.chmod(paths[1] + "/f", 0o640)
            try compare("/f", "chmod")
            try one.link(paths[0] + "/f", paths[0] + "/g")
            try compare("/f", "link")
            try other.utimens(paths[1] + "/f", [timespec(tv_sec: 5, tv_nsec: 6), timespec(tv_sec: 7, tv_nsec: 8)])
            try compare("/g", "utimensat")
            try one.mkdir(paths[0] + "/d")
            try compare("/d", "mkdir")
            try compare("/", "mkdir above")
            try other.mkdir(paths[1] + "/d/e")
            try compare("/d", "mkdir below")
            try one.truncate(paths[0] + "/f", 7)
            try compare("/f", "truncate")
            try other.unlink(paths[1] + "/g")
            try compare("/f", "unlink")
        }
    }

    @Test("A name that was given by renaming is gone when another mount takes it away")
    func renamed() async throws {
        try await sharing(2) { paths in
            let (one, other) = (scene(paths[0]), scene(paths[1]))
            for name in ["/d", "/e"] { try one.mkdir(paths[0] + name) }
            for round in 0..<10 {
                for name in ["/f", "/e/f"] { try one.file(paths[0] + name) }
                try one.rename(paths[0] + "/f", paths[0] + "/d/f")
                try one.renameat2(paths[0] + "/d/f", paths[0] + "/e/f", .exchange)
                try other.unlink(paths[1] + "/d/f")
                try other.unlink(paths[1] + "/e/f")
                #expect(try !one.exists(paths[0] + "/d/f") && !one.exists(paths[0] + "/e/f"), "round \(round)")
            }
        }
    }

    @Test("Rights that are taken away on one mount count at once on the other")
    func rights() async throws {
        try await sharing(2) { paths in
            let one = scene(paths[0])
            try one.file(paths[0] + "/f", "text")
            for round in 0..<10 {
                try one.chmod(paths[0] + "/f", round % 2 == 0 ? 0o600 : 0o604)
                let read = try? Tool.run("setpriv", "--reuid=4004", "--regid=4004", "--clear-groups", "cat", paths[1] + "/f")
                #expect((read == "text") == (round % 2 == 1), "round \(round)")
            }
        }
    }

    @Test("A directory that is removed on one mount is gone for who is in it on the other")
    func removedDirectory() async throws {
        try await sharing(2) { paths in
            let (one, other) = (scene(paths[0]), scene(paths[1]))
            try one.mkdir(paths[0] + "/d")
            let directory = try other.open(paths[1] + "/d", O_RDONLY | O_DIRECTORY)
            try one.rmdir(paths[0] + "/d")
            #expect(openat(directory.descriptor, "f", O_CREAT | O_WRONLY, 0o644) == -1 && errno == ENOENT)
            #expect(try directory.status.st_nlink == 0)
        }
    }

    // MARK: Room

    @Test("Writing over the same bytes takes no more room, also when nothing is made durable")
    func overwriting() async throws {
        var options = ServedVolume.Options()
        options.capacity = 96 << 20
        try await ServedVolume.serving(options) { served in
            let scene = scene(try served.mount(.forEverybody).path)
            try await onThread {
                let file = try scene.file(scene.directory + "/f")
                let bytes = [UInt8](repeating: 1, count: 1 << 20)
                for _ in 0..<200 { try file.write(bytes, at: 0) }
                try file.synchronize()
                #expect(try file.size == 1 << 20)
            }
        }
    }

    @Test("A full volume refuses the write that does not fit, and takes it once something was removed")
    func full() async throws {
        var options = ServedVolume.Options()
        options.capacity = 32 << 20
        try await ServedVolume.serving(options) { served in
            let scene = scene(try served.mount(.forEverybody).path)
            try await onThread { try fillThrice(scene) }
        }
    }

    private func fillThrice(_ scene: Scene) throws {
        let bytes = [UInt8](repeating: 1, count: 1 << 20)
        for round in 0..<3 {
            let path = scene.directory + "/f\(round)"
            do {
                var written = 0
                let file = try scene.file(path)
                try scene.refused(ENOSPC) { while true { written += try file.write(bytes) } }
                #expect(written == 32 << 20, "all of it is used")
                try file.synchronize()
                #expect(try file.read(2, at: (32 << 20) - 1) == [1])
            }
            try scene.unlink(path)
            // It goes when it is closed, which the kernel tells after close(2) has come back.
            while try scene.space(scene.directory).f_bfree == 0 {}
        }
    }
}
