import Crypto
import Foundation
import Testing
import Wire

@Suite("File transfer")
struct FileTransferTests {
    let source: TemporaryDirectory
    let target: TemporaryDirectory

    init() throws {
        source = try TemporaryDirectory()
        target = try TemporaryDirectory()
    }

    func write(_ name: String, _ content: Data = Data("content".utf8), mode: mode_t = 0o644) throws {
        let path = source.path + "/" + name
        try content.write(to: URL(filePath: path))
        #expect(chmod(path, mode) == 0)
    }

    func send(_ names: [String], limits: FileLimits = FileLimits()) throws -> FileSender {
        FileSender(
            try names.map { FileSource(root: source.path, path: try RelativePath($0), name: try RelativePath($0)) },
            limits: limits)
    }

    func transfer(_ names: [String], existing: FileReceiver.Existing = .refuse) async throws -> (FileTotals, FileTotals) {
        let receiver = try FileReceiver(directory: target.path, existing: existing)
        let sent = try await send(names).send { try await receiver.take($0) }
        return (sent, try await receiver.finish())
    }

    func mode(_ name: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: target.path + "/" + name)[.posixPermissions] as? Int
    }

    @Test("A tree arrives as it was: contents, modes, links, empty files and directories")
    func tree() async throws {
        for directory in ["tree", "tree/deep", "tree/deep/deeper", "tree/empty"] {
            try FileManager.default.createDirectory(atPath: source.path + "/" + directory, withIntermediateDirectories: false)
        }
        var large = Data(count: (3 << 20) + 17)
        for index in stride(from: 0, to: large.count, by: 4099) { large[index] = UInt8(truncatingIfNeeded: index) }
        try write("tree/large", large)
        try write("tree/empty-file", Data())
        try write("tree/deep/run.sh", Data("#!/bin/sh\n".utf8), mode: 0o755)
        try write("tree/deep/deeper/secret", mode: 0o400)
        try FileManager.default.createSymbolicLink(atPath: source.path + "/tree/link", withDestinationPath: "deep/run.sh")
        try FileManager.default.createSymbolicLink(atPath: source.path + "/tree/deep/up", withDestinationPath: "../large")
        #expect(chmod(source.path + "/tree/deep", 0o750) == 0)
        let (sent, received) = try await transfer(["tree"])
        #expect(sent.entries == 10)
        #expect(received.entries == 10)
        #expect(received.bytes == sent.bytes)
        let result = try await run("/usr/bin/diff", ["-r", "--no-dereference", source.path + "/tree", target.path + "/tree"])
        #expect(String(decoding: result.output, as: UTF8.self) == "")
        #expect(result.status == 0)
        #expect(try mode("tree/deep") == 0o750)
        #expect(try mode("tree/deep/run.sh") == 0o755)
        #expect(try mode("tree/deep/deeper/secret") == 0o400)
        #expect(try mode("tree/large") == 0o644)
    }

    @Test("Set-user-id and other special bits do not travel")
    func specialBits() async throws {
        try write("tool", mode: 0o6755)
        _ = try await transfer(["tool"])
        #expect(try mode("tool") == 0o755)
        let receiver = try FileReceiver(directory: target.path)
        try await receiver.take(.entry("forged", mode: 0o6777))
        try await receiver.take(.with { $0.sha256 = Data(SHA256.hash(data: Data())) })
        _ = try await receiver.finish()
        #expect(try mode("forged") == 0o777)
    }

    @Test("What does not exist is named, and what is no file is left out")
    func missing() async throws {
        try write("there")
        #expect(mkfifo(source.path + "/pipe", 0o600) == 0)
        let (sent, received) = try await transfer(["there", "gone", "gone/too", "pipe"])
        #expect(sent.missing == ["gone", "gone/too"])
        #expect(sent.skipped == ["pipe"])
        #expect(received.entries == 1)
    }

    @Test("A sender follows no link, neither to its source nor on the way to it")
    func senderFollowsNothing() async throws {
        try FileManager.default.createSymbolicLink(atPath: source.path + "/outside", withDestinationPath: "/etc")
        let sender = try send(["outside", "outside/passwd"])
        let part = try await sender.next()
        #expect(part?.entry.kind == .symlink)
        #expect(part?.entry.linkTarget == "/etc")
        #expect(try await sender.next() == nil)
        #expect(sender.totals.missing == ["outside/passwd"])
    }

    @Test("A file that shrinks while it is sent is not passed off as complete")
    func shrinking() async throws {
        try write("file", Data(count: 2 << 20))
        let sender = try send(["file"])
        _ = try await sender.next()
        #expect(truncate(source.path + "/file", 5) == 0)
        await #expect(throws: FileTransferError.self) { while try await sender.next() != nil {} }
    }

    @Test("A sender keeps to its limits", arguments: [FileLimits(bytes: 10, entries: 100), FileLimits(bytes: 100, entries: 2)])
    func senderLimits(limits: FileLimits) async throws {
        for name in ["a", "b", "c"] { try write(name, Data(count: 5)) }
        let sender = try send(["a", "b", "c"], limits: limits)
        let error = await #expect(throws: FileTransferError.self) { while try await sender.next() != nil {} }
        #expect(error?.kind == .tooMuch)
    }

    @Test(
        "Paths that lead out of the directory, or could mean two things, are refused",
        arguments: [
            "", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "./x", "a//b", "a/", "x\0y", String(repeating: "n", count: 256),
            String(repeating: "d/", count: 64) + "x", String(repeating: "long/", count: 1000) + "x",
        ])
    func paths(path: String) async throws {
        let receiver = try FileReceiver(directory: target.path)
        await #expect(throws: FileTransferError.self) { try await receiver.take(.entry(path)) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).isEmpty)
    }

    @Test(
        "Links that could lead out of the directory are refused",
        arguments: [
            ("l", "/etc"), ("l", ".."), ("l", "../x"), ("d/l", "../../x"), ("d/l", "x/../../../y"), ("d/l", "a/../b"), ("l", ""),
            ("l", "./../x"),
        ])
    func links(path: String, target destination: String) async throws {
        let receiver = try FileReceiver(directory: target.path)
        try await receiver.take(.directory("d"))
        await #expect(throws: FileTransferError.self) { try await receiver.take(.link(path, to: destination)) }
    }

    @Test("Nothing is written through a link, not even one that was there before")
    func throughLinks() async throws {
        let outside = try TemporaryDirectory()
        try FileManager.default.createSymbolicLink(atPath: target.path + "/dir", withDestinationPath: outside.path)
        try FileManager.default.createSymbolicLink(atPath: target.path + "/file", withDestinationPath: outside.path + "/victim")
        for existing in [FileReceiver.Existing.refuse, .replace] {
            let into = try FileReceiver(directory: target.path, existing: existing)
            await #expect(throws: FileTransferError.self) { try await into.take(.entry("dir/x")) }
            let onto = try FileReceiver(directory: target.path, existing: existing)
            await #expect(throws: FileTransferError.self) { try await onto.take(.directory("dir")) }
        }
        let refusing = try FileReceiver(directory: target.path)
        await #expect(throws: FileTransferError.self) { try await refusing.take(.entry("file")) }
        let replacing = try FileReceiver(directory: target.path, existing: .replace)
        try await replacing.take(.entry("file"))
        try await replacing.take(.with { $0.sha256 = Data(SHA256.hash(data: Data())) })
        _ = try await replacing.finish()
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside.path).isEmpty)
        #expect(try mode("file") == 0o644)
    }

    @Test("Entries sent twice, and files whose directory was not sent, are refused")
    func order() async throws {
        let twice = try FileReceiver(directory: target.path, existing: .replace)
        try await twice.take(.directory("d"))
        await #expect(throws: FileTransferError.self) { try await twice.take(.directory("d")) }
        await #expect(throws: FileTransferError.self) { try await twice.take(.directory("e")) }
        let orphan = try FileReceiver(directory: target.path)
        await #expect(throws: FileTransferError.self) { try await orphan.take(.entry("nowhere/file")) }
    }

    @Test("A file whose bytes do not match its announcement is refused and removed")
    func content() async throws {
        let good = Data("hello".utf8)
        let digest = Surplus_V1_FilePart.with { $0.sha256 = Data(SHA256.hash(data: good)) }
        let data = Surplus_V1_FilePart.with { $0.data = good }
        let sequences: [[Surplus_V1_FilePart]] = [
            [.entry("f", size: 5), data, data], [.entry("f", size: 5), digest], [.entry("f", size: 6), data, digest],
            [.entry("f", size: 5), data, .with { $0.sha256 = Data(count: 32) }],
            [.entry("f", size: 5), data, .with { $0.sha256 = Data() }],
            [.entry("f", size: 5), .entry("g")], [data], [digest], [Surplus_V1_FilePart()], [.entry("f", size: -1)],
            [.entry("f", size: 1 << 21), .with { $0.data = Data(count: (1 << 20) + 1) }],
            [.with { $0.entry = .with { $0.path = "f" } }],
        ]
        for sequence in sequences {
            let receiver = try FileReceiver(directory: target.path)
            await #expect(throws: FileTransferError.self) { for part in sequence { try await receiver.take(part) } }
            await #expect(throws: FileTransferError.self) { _ = try await receiver.finish() }
            #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).isEmpty)
        }
    }

    @Test("A file that was not sent to its end is removed, at the end and when given up")
    func unfinished() async throws {
        for givesUp in [false, true] {
            let receiver = try FileReceiver(directory: target.path)
            try await receiver.take(.entry("f", size: 5))
            if givesUp {
                await receiver.abandon()
            } else {
                await #expect(throws: FileTransferError.self) { _ = try await receiver.finish() }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: target.path).isEmpty)
        }
    }

    @Test("A receiver keeps to its limits before it writes anything")
    func receiverLimits() async throws {
        let bytes = try FileReceiver(directory: target.path, limits: FileLimits(bytes: 10, entries: 10))
        let tooLarge = await #expect(throws: FileTransferError.self) { try await bytes.take(.entry("f", size: .max)) }
        #expect(tooLarge?.kind == .tooMuch)
        let entries = try FileReceiver(directory: target.path, limits: FileLimits(bytes: 10, entries: 1))
        try await entries.take(.directory("d"))
        let tooMany = await #expect(throws: FileTransferError.self) { try await entries.take(.directory("e")) }
        #expect(tooMany?.kind == .tooMuch)
    }

    @Test("An output takes the place of an older one only when it is complete")
    func replacing() async throws {
        try write("result", Data("new".utf8))
        try Data("old".utf8).write(to: URL(filePath: target.path + "/result"))
        await #expect(throws: FileTransferError.self) { _ = try await transfer(["result"]) }
        let broken = try FileReceiver(directory: target.path, existing: .replace)
        try await broken.take(.entry("result", size: 3))
        await broken.abandon()
        #expect(try String(contentsOfFile: target.path + "/result", encoding: .utf8) == "old")
        _ = try await transfer(["result"], existing: .replace)
        #expect(try String(contentsOfFile: target.path + "/result", encoding: .utf8) == "new")
        #expect(try FileManager.default.contentsOfDirectory(atPath: target.path) == ["result"])
    }
}

extension Surplus_V1_FilePart {
    static func entry(_ path: String, size: Int64 = 0, mode: UInt32 = 0o644) -> Self {
        .with { $0.entry = .with { ($0.path, $0.kind, $0.sizeBytes, $0.mode) = (path, .file, size, mode) } }
    }

    static func directory(_ path: String) -> Self {
        .with { $0.entry = .with { ($0.path, $0.kind, $0.mode) = (path, .directory, 0o755) } }
    }

    static func link(_ path: String, to target: String) -> Self {
        .with { $0.entry = .with { ($0.path, $0.kind, $0.linkTarget) = (path, .symlink, target) } }
    }
}
