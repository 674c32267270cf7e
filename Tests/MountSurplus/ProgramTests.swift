import Foundation
import GRPCCore
import Resources
import Testing
import Wire

/// The built `mount.surplus`, called as mount(8) calls it.
@Suite("mount.surplus")
struct ProgramTests {
    struct Ended: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Beside the test bundle's own executable.
    static let path: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return own[..<(own.lastIndex(of: "/") ?? own.endIndex)] + "/mount.surplus"
    }()

    static func run(_ arguments: [String], program: String = path) async throws -> Ended {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let (process, output, errors) = (Process(), Pipe(), Pipe())
                process.executableURL = URL(fileURLWithPath: program)
                process.arguments = arguments
                (process.standardOutput, process.standardError) = (output, errors)
                do { try process.run() } catch { return continuation.resume(throwing: error) }
                let texts = [output, errors].map { $0.fileHandleForReading.readDataToEndOfFile() }
                process.waitUntilExit()
                continuation.resume(
                    returning: Ended(
                        status: process.terminationStatus, output: String(decoding: texts[0], as: UTF8.self),
                        errors: String(decoding: texts[1], as: UTF8.self)))
            }
        }
    }

    @Test("It explains itself")
    func help() async throws {
        let ended = try await Self.run(["--help"])
        #expect(ended.status == 0 && ended.output.contains("_netdev,nofail,x-systemd.automount") && ended.errors.isEmpty)
        #expect(try await Self.run(["--version"]).output == "mount.surplus \(Software.version)\n")
    }

    @Test("A wrong command line ends with 1, and one complaint")
    func usage() async throws {
        for arguments in [[], ["media"], ["media", "/mnt", "-o", "ro,rw"], ["media", "/mnt", "-x"]] {
            let ended = try await Self.run(arguments)
            #expect(ended.status == 1 && ended.output.isEmpty, "\(ended)")
            #expect(ended.errors.hasPrefix("mount.surplus: ") && ended.errors.split(separator: "\n").count == 1, "\(ended)")
        }
    }

    @Test("A directory that is not there, and an agent that is not, are said by the process that was called, with 32")
    func failures() async throws {
        let missing = try await Self.run(["media", "/nonexistent/media"])
        #expect(missing.status == 32 && missing.errors.contains("there is no such directory"), "\(missing)")
        let directory = NSTemporaryDirectory()
        let alone = try await Self.run(["media", directory, "-f", "-o", "agent=/nonexistent/agent.sock"])
        #expect(alone.status == 32 && alone.errors.contains("start surplusd"), "\(alone)")
    }

    @Test("What the agent refuses is passed on in its words; a right that is missing ends with 1")
    func refusals() async throws {
        for (code, status) in [(RPCError.Code.failedPrecondition, Int32(32)), (.permissionDenied, 1), (.invalidArgument, 32)] {
            let ended = try await PlayedAgent.serving { _ in
                throw RPCError(code: code, message: "the home of 'media' is away")
            } _: { directory, socket in
                try await Self.run(["media", directory, "-o", "agent=\(socket)"])
            }
            #expect(ended.status == status && ended.errors == "mount.surplus: the home of 'media' is away\n", "\(ended)")
        }
    }

    @Test("Without the node's identity nothing is mounted, and it is said where that should be")
    func identity() async throws {
        let ended = try await PlayedAgent.serving { _ in
            .with {
                $0.node = NodeID(high: 1, low: 1).description
                $0.dataDirectory = "/nonexistent/data"
                $0.place = .with {
                    ($0.volume, $0.home) = (VolumeID(high: 1, low: 2).description, NodeID(high: 1, low: 3).description)
                    ($0.host, $0.port) = ("127.0.0.1", 1)
                }
            }
        } _: { directory, socket in
            try await Self.run(["media", directory, "-f", "-o", "agent=\(socket)"])
        }
        #expect(ended.status == 32 && ended.errors.contains("/nonexistent/data"), "\(ended)")
    }
}
