import Foundation
import Resources
import Testing
import VolumeKit

@Suite("A mounted volume", .serialized, .timeLimit(.minutes(2)))
struct MountedVolumeTests {
    private func random(_ count: Int, seed: UInt64) -> Data {
        var random = SeededGenerator(seed: seed)
        var data = Data(capacity: count + 8)
        while data.count < count { withUnsafeBytes(of: random.next()) { data.append(contentsOf: $0) } }
        return data.prefix(count)
    }

    private func write(_ data: Data, to path: String) throws {
        let file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        try #require(file >= 0, "\(path): \(String(cString: strerror(errno)))")
        defer { close(file) }
        var rest = data
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, min($0.count, 1 << 20)) }
            try #require(written > 0)
            rest = rest.dropFirst(written)
        }
        try #require(fsync(file) == 0)
    }

    @Test("what is made durable through one mount is read through another")
    func twoMounts() async throws {
        try await ServedVolume.serving { served in
            let (one, other) = (try served.mount(), try served.mount())
            let data = random(9_000_001, seed: 1)
            try FileManager.default.createDirectory(atPath: one.path + "/a/b", withIntermediateDirectories: true)
            try write(data, to: one.path + "/a/b/file")
            #expect(try Data(contentsOf: URL(fileURLWithPath: other.path + "/a/b/file")) == data)
            #expect(try FileManager.default.contentsOfDirectory(atPath: other.path + "/a") == ["b"])
        }
    }

    @Test("each mount sees at once what the other does, also what it knew otherwise before")
    func coherence() async throws {
        try await ServedVolume.serving { served in
            let mounts = [try served.mount(), try served.mount()]
            for round in 0..<20 {
                let (writer, reader) = (mounts[round % 2].path, mounts[(round + 1) % 2].path)
                let text = String(repeating: "\(round)", count: round * 100 + 1)
                try text.write(toFile: writer + "/f", atomically: false, encoding: .utf8)
                #expect(try String(contentsOfFile: reader + "/f", encoding: .utf8) == text)
                #expect(FileManager.default.fileExists(atPath: reader + "/g") == (round % 2 == 1))
                if round % 2 == 0 {
                    try FileManager.default.copyItem(atPath: writer + "/f", toPath: writer + "/g")
                } else {
                    try FileManager.default.removeItem(atPath: writer + "/g")
                }
            }
        }
    }

    @Test("a time that is set after something was written stays, also when that is stored later; the next write is later again")
    func setTime() async throws {
        try await ServedVolume.serving { served in
            let (one, other) = (try served.mount(), try served.mount())
            let path = one.path + "/f"
            let file = try OpenFile(path, O_CREAT | O_RDWR)
            try file.write("first")
            var times = [timespec(tv_sec: 1_000_000_000, tv_nsec: 5), timespec(tv_sec: 1_000_000_000, tv_nsec: 7)]
            try sys { futimens(file.descriptor, &times) }
            var found = stat()
            func modified(_ path: String) throws -> [Int] {
                try sys { stat(path, &found) }
                return [found.st_mtim.tv_sec, found.st_mtim.tv_nsec]
            }
            #expect(try modified(path) == [1_000_000_000, 7])
            try file.synchronize()
            #expect(try modified(path) == [1_000_000_000, 7] && modified(other.path + "/f") == [1_000_000_000, 7])
            #expect(try text(other.path + "/f") == "first")
            try file.write("later")
            #expect(try modified(path)[0] > 1_000_000_000)
            try file.synchronize()
            #expect(try modified(other.path + "/f")[0] > 1_000_000_000)
        }
    }

    @Test("a file that was removed is there for who has it open, on any mount")
    func removedWhileOpen() async throws {
        try await ServedVolume.serving { served in
            let (one, other) = (try served.mount(), try served.mount())
            try "still here".write(toFile: one.path + "/f", atomically: false, encoding: .utf8)
            let file = open(other.path + "/f", O_RDONLY)
            try #require(file >= 0)
            defer { close(file) }
            try FileManager.default.removeItem(atPath: one.path + "/f")
            var bytes = [UInt8](repeating: 0, count: 100)
            let count = pread(file, &bytes, 100, 0)
            #expect(count == 10 && String(decoding: bytes.prefix(10), as: UTF8.self) == "still here")
            #expect(!FileManager.default.fileExists(atPath: other.path + "/f"))
        }
    }

    @Test("with a store gone, what was written is read, and writing goes on with the others")
    func lostStore() async throws {
        try await ServedVolume.serving { served in
            let mounted = try served.mount()
            let (before, after) = (random(6 << 20, seed: 2), random(6 << 20, seed: 3))
            try write(before, to: mounted.path + "/before")
            await served.end(store: 0)
            try write(after, to: mounted.path + "/after")
            let reader = try served.mount()
            #expect(try Data(contentsOf: URL(fileURLWithPath: reader.path + "/before")) == before)
            #expect(try Data(contentsOf: URL(fileURLWithPath: reader.path + "/after")) == after)
        }
    }

    @Test(
        "parts that are written here and there read as they should, before and after they are durable",
        arguments: 0..<4 as Range<UInt64>)
    func parts(seed: UInt64) async throws {
        try await ServedVolume.serving { served in
            let mounted = try served.mount()
            var generator = SeededGenerator(seed: seed)
            var plain = [UInt8]()
            let file = open(mounted.path + "/f", O_CREAT | O_RDWR, 0o644)
            try #require(file >= 0)
            defer { close(file) }
            for step in 0..<200 {
                let offset = Int.random(in: 0..<200_000, using: &generator)
                if step % 17 == 16 {
                    try #require(ftruncate(file, off_t(offset)) == 0)
                    plain = Array(plain.prefix(offset)) + [UInt8](repeating: 0, count: max(0, offset - plain.count))
                } else {
                    let bytes = Array(random(Int.random(in: 1...30_000, using: &generator), seed: UInt64(step) + seed))
                    try #require(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
                    plain += [UInt8](repeating: 0, count: max(0, offset + bytes.count - plain.count))
                    plain.replaceSubrange(offset..<offset + bytes.count, with: bytes)
                }
                if step % 11 == 10 { try #require(fsync(file) == 0) }
                if step % 20 == 19 {
                    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: mounted.path + "/f"))) == plain, "step \(step)")
                }
            }
            let reader = try served.mount()
            #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: reader.path + "/f"))) == plain)
        }
    }
}
