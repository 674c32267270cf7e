import Wire

/// Sends what a job has made from a directory, each file and directory under its own name.
struct OutputFiles: Sendable {
    let directory: String
    let names: [String]
    let limits: FileLimits

    /// Sends what there is: the directories above them first.
    func send(_ write: (Surplus_V1_FilePart) async throws -> Void) async throws {
        let paths = try JobOrder.outermost(names).map { name throws(RelativePath.Unusable) in try RelativePath(name) }
        for parent in Self.parents(of: paths) {
            try await write(.with { $0.entry = .with { ($0.path, $0.kind, $0.mode) = (parent, .directory, 0o755) } })
        }
        let sender = FileSender(paths.map { FileSource(root: directory, path: $0, name: $0) }, limits: limits)
        _ = try await sender.send(write)
    }

    /// The directories above `paths`, outermost first.
    private static func parents(of paths: [RelativePath]) -> [String] {
        let all = paths.flatMap { path in
            (0..<path.components.count).dropFirst().map { path.components.prefix($0).joined(separator: "/") }
        }
        return Set(all).sorted()
    }
}
