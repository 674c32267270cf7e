import FoundationEssentials
import Testing
import Wire

@testable import Agent

@Suite("The outputs of a job on their way")
struct OutputFilesTests {
    @Test("Outputs in directories arrive in them, those within another once, those never made not at all")
    func nested() async throws {
        let (from, to) = (try ScratchDirectory(), try ScratchDirectory())
        let files = FileManager.default
        try files.createDirectory(atPath: from.path + "/a/b", withIntermediateDirectories: true)
        for (name, text) in [("a/b/x", "deep"), ("a/b/y", "deeper"), ("a/z", "not asked for"), ("top", "flat")] {
            try Data(text.utf8).write(to: URL(filePath: "\(from.path)/\(name)"))
        }
        let names = ["a/b", "a/b/x", "top", "never"]
        let receiver = try FileReceiver(directory: to.path)
        try await OutputFiles(directory: from.path, names: names, limits: FileLimits()).send { try await receiver.take($0) }
        _ = try await receiver.finish()
        #expect(FileTree.names(in: to.path) == ["a", "top"])
        #expect(FileTree.names(in: to.path + "/a") == ["b"])
        #expect(FileTree.names(in: to.path + "/a/b") == ["x", "y"])
        #expect(try String(contentsOfFile: to.path + "/a/b/x", encoding: .utf8) == "deep")
    }

    @Test("Removing a tree takes closed directories with it and leaves what links lead to")
    func removal() throws {
        let scratch = try ScratchDirectory()
        let files = FileManager.default
        try files.createDirectory(atPath: scratch.path + "/tree/closed", withIntermediateDirectories: true)
        try files.createDirectory(atPath: scratch.path + "/kept", withIntermediateDirectories: true)
        try Data("x".utf8).write(to: URL(filePath: scratch.path + "/tree/closed/file"))
        try files.createSymbolicLink(atPath: scratch.path + "/tree/link", withDestinationPath: scratch.path + "/kept")
        try files.setAttributes([.posixPermissions: 0o000], ofItemAtPath: scratch.path + "/tree/closed")
        FileTree.remove(scratch.path + "/tree")
        #expect(FileTree.names(in: scratch.path) == ["kept"])
    }
}
