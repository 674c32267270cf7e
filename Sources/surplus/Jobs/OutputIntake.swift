import Glibc
import Resources
import Wire

/// Receives the outputs of a job beside the places where they belong, each on the file system it will stay on.
struct OutputIntake {
    /// One output on its way: received into `directory` under `item`, then moved to `destination`.
    private struct Staged {
        static let item = "item"

        let destination: String
        let directory: String
        let receiver: FileReceiver
    }

    private let job: Surplus_V1_JobInfo
    private let requests: OutputRequests
    private var staged: [String: Staged] = [:]
    /// The output that the parts now belong to; `nil` while a directory above one goes by.
    private var current: Staged?
    private var received: Int64 = 0

    init(job: Surplus_V1_JobInfo, requests: OutputRequests) {
        self.job = job
        self.requests = requests
    }

    var progress: String { "\(job.lenderName): received \(Bytes(received).shortText)" }

    /// - Throws: ``Failure``, or ``FileTransferError`` for what must not be sent.
    mutating func take(_ part: Surplus_V1_FilePart) async throws {
        guard case .entry(var entry) = part.part else {
            received += Int64(part.data.count)
            try await current?.receiver.take(part)
            return
        }
        let names = job.productNames
        guard let name = names.first(where: { entry.path == $0 || entry.path.hasPrefix($0 + "/") }) else {
            guard names.contains(where: { $0.hasPrefix(entry.path + "/") }), entry.kind == .directory else {
                throw Failure(object: entry.path, fault: "the agent sent it, but it is no output of \(job.job)")
            }
            current = nil
            return
        }
        let output = try staged[name] ?? stage(name)
        staged[name] = output
        current = output
        entry.path = Staged.item + entry.path.dropFirst(name.count)
        try await output.receiver.take(.with { $0.entry = entry })
    }

    /// Moves everything to its place.
    mutating func place() async throws {
        for output in staged.values { _ = try await output.receiver.finish() }
        for (_, output) in staged.sorted(by: { $0.key < $1.key }) {
            try OutputPlacement.move("\(output.directory)/\(Staged.item)", to: output.destination)
            OutputPlacement.remove(output.directory)
        }
    }

    /// Removes what has not been placed.
    func discard() async {
        for output in staged.values {
            await output.receiver.abandon()
            OutputPlacement.remove(output.directory)
        }
    }

    private func stage(_ name: String) throws -> Staged {
        let destination = requests.destination(of: name)
        try OutputPlacement.makeParents(of: destination)
        let parent = destination.lastIndex(of: "/").map { $0 == destination.startIndex ? "/" : String(destination[..<$0]) } ?? "."
        // One per job and output: what an earlier try left behind is replaced.
        let directory = "\(parent)/.\(job.job)-\(job.productNames.firstIndex(of: name) ?? 0)"
        OutputPlacement.remove(directory)
        guard mkdir(directory, 0o700) == 0 else { throw Failure(directory, errno: errno) }
        return Staged(destination: destination, directory: directory, receiver: try FileReceiver(directory: directory))
    }
}
