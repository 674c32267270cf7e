import GRPCCore
import Glibc
import Resources
import Wire

/// Hands a job and its inputs to the agent.
struct JobSubmission: Sendable {
    let submit: Surplus_V1_SubmitJob
    let inputs: [InputArgument]

    /// - Returns: the job, which is durable now and runs whoever watches.
    /// - Throws: ``Failure``.
    func send(to agent: AgentLink, console: Console) async throws -> Surplus_V1_JobInfo {
        let sources = try inputs.map { input in try input.source }
        let request = StreamingClientRequest(of: Surplus_V1_SubmitPart.self) { [self] writer in
            try await writer.write(.with { $0.submit = submit })
            for directory in parents {
                try await writer.write(
                    .with { $0.file.entry = .with { ($0.path, $0.kind, $0.mode) = (directory, .directory, 0o755) } })
            }
            let sender = FileSender(sources)
            while let part = try await sender.next() {
                try await writer.write(.with { $0.file = part })
                console.progress("reading inputs: \(Bytes(sender.totals.bytes).shortText)")
            }
            if let missing = sender.totals.missing.first { throw Failure(object: missing, fault: "the input is gone") }
        }
        defer { console.clear() }
        do {
            return try await agent.connected { try await $0.submitJob(request: request) }
        } catch let error as FileTransferError {
            throw Failure(object: "", fault: error.description)
        }
    }

    /// The directories above inputs that were given a place in one, outermost first.
    var parents: [String] {
        let names = inputs.flatMap { input in
            let parts = input.name.split(separator: "/")
            return (1..<max(1, parts.count)).map { parts[..<$0].joined(separator: "/") }
        }
        return Set(names).sorted()
    }
}

extension InputArgument {
    /// A link that was named is followed; those within a directory are sent as links.
    fileprivate var source: FileSource {
        get throws {
            guard let real = Paths.real(path) else { throw Failure(path, errno: errno) }
            let slash = real.lastIndex(of: "/") ?? real.startIndex
            let directory = slash == real.startIndex ? "/" : String(real[..<slash])
            return FileSource(
                root: directory, path: try RelativePath(String(real[real.index(after: slash)...])), name: try RelativePath(name))
        }
    }
}
