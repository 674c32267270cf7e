import Foundation
import Testing

@testable import surplus

@Suite struct FileRuleTests {
    @Test("an input goes under its own name, or the one behind the last colon")
    func inputs() async throws {
        try await Scratch.directory { directory in
            try Scratch.write("", "\(directory)/a:b")
            try Scratch.write("", "\(directory)/c")
            #expect(try InputArgument("\(directory)/a:b").name == "a:b")
            #expect(try InputArgument("\(directory)/a:b:c").name == "c")
            #expect(try InputArgument("\(directory)/c:x/y").name == "x/y")
            #expect(try InputArgument("\(directory)/").name == directory.split(separator: "/").last.map(String.init))
            for name in ["../x", "/x", "", "x//y", "./x"] {
                #expect(throws: Failure.self) { try InputArgument("\(directory)/c:\(name)") }
            }
        }
    }

    @Test("a directory without a name of its own goes under the one it really has")
    func namelessDirectory() {
        #expect(Paths.base("/usr/share/..") == "usr")
        #expect(Paths.base("/") == "root")
    }

    @Test("an output goes where it was told to, a path that ends in a slash being a directory")
    func outputs() throws {
        #expect(try OutputArgument("a/b").destination == "a/b")
        #expect(try OutputArgument("a/b:c").destination == "c")
        #expect(try OutputArgument("a/b:c/").destination == "c/b")
        #expect(try OutputArgument("a/:/tmp/x").name == "a")
        for text in ["/abs", "../up", "", "a:", "a/../b"] { #expect(throws: Failure.self) { try OutputArgument(text) } }
    }

    @Test("files take the place of older ones, directories are joined, and what is of another kind is left alone")
    func placement() async throws {
        try await Scratch.directory { top in
            try Scratch.make("\(top)/new/sub")
            try Scratch.write("new", "\(top)/new/sub/file")
            try Scratch.write("added", "\(top)/new/added")
            try Scratch.make("\(top)/old/sub")
            try Scratch.write("old", "\(top)/old/sub/file")
            try Scratch.write("kept", "\(top)/old/kept")
            try OutputPlacement.move("\(top)/new", to: "\(top)/old")
            #expect(try Scratch.read("\(top)/old/sub/file") == "new")
            #expect(try Scratch.names("\(top)/old") == ["added", "kept", "sub"])
            try Scratch.write("file", "\(top)/file")
            #expect(throws: Failure.self) { try OutputPlacement.move("\(top)/file", to: "\(top)/old") }
            #expect(throws: Failure.self) { try OutputPlacement.move("\(top)/old", to: "\(top)/file") }
        }
    }

    @Test("a link in the way of an output is replaced, never followed")
    func links() async throws {
        try await Scratch.directory { top in
            try Scratch.make("\(top)/elsewhere")
            try Scratch.write("precious", "\(top)/elsewhere/file")
            try FileManager.default.createSymbolicLink(atPath: "\(top)/link", withDestinationPath: "elsewhere/file")
            try FileManager.default.createSymbolicLink(atPath: "\(top)/dir", withDestinationPath: "elsewhere")
            try Scratch.write("new", "\(top)/staged")
            try OutputPlacement.move("\(top)/staged", to: "\(top)/link")
            #expect(try Scratch.read("\(top)/elsewhere/file") == "precious")
            #expect(try Scratch.read("\(top)/link") == "new")
            try Scratch.make("\(top)/tree")
            try Scratch.write("new", "\(top)/tree/file")
            #expect(throws: Failure.self) { try OutputPlacement.move("\(top)/tree", to: "\(top)/dir") }
            OutputPlacement.remove("\(top)/dir")
            #expect(try Scratch.read("\(top)/elsewhere/file") == "precious")
        }
    }

    @Test("missing directories above an output are made")
    func parents() async throws {
        try await Scratch.directory { top in
            try OutputPlacement.makeParents(of: "\(top)/a/b/c")
            #expect(try Scratch.names("\(top)/a") == ["b"])
            #expect(try Scratch.names("\(top)/a/b") == [])
        }
    }
}
