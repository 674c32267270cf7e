import Configuration
import FoundationEssentials
import GRPCCore
import Resources
import Synchronization
import Wire

/// The calls of one job to its lender. Each may be made again.
struct JobTransport: Sendable {
    let peers: PeerCaller
    let limits: AgentConfiguration.JobLimits
    let lenderName: String

    private static let patience = Duration.seconds(30)

    /// Sends the inputs.
    ///
    /// - Throws: ``JobFailure`` when they cannot be read here; `RPCError`.
    func stage(_ work: JobWork) async throws {
        let (lender, reference) = try reference(to: work)
        let folder = work.folder
        let total = work.record.inputBytes
        let sources = try await onThread {
            try FileTree.names(in: folder.inputs).map { name in
                FileSource(root: folder.inputs, path: try RelativePath(name), name: try RelativePath(name))
            }
        }
        let fault = Mutex<FileTransferError?>(nil)
        do {
            try await peers.call(lender) { [lenderName] client in
                _ = try await client.stageInputs { writer in
                    try await writer.write(.with { $0.job = reference })
                    let sender = FileSender(sources)
                    do {
                        _ = try await sender.send { part in
                            try await writer.write(.with { $0.file = part })
                            work.report(.init(text: "\(lenderName): sending", done: sender.totals.bytes, total: total))
                        }
                    } catch let error as FileTransferError {
                        fault.withLock { $0 = error }
                        throw error
                    }
                }
            }
        } catch {
            // What cannot be read is not the connection's fault, though it breaks it.
            if let fault = fault.withLock({ $0 }) { throw JobFailure("its inputs cannot be sent: \(fault)") }
            throw error
        }
    }

    /// Has the lender start it, if it has not.
    ///
    /// - Throws: ``JobFailure`` when the lender would not do so as it is asked for; `RPCError`.
    func start(_ work: JobWork) async throws -> Surplus_V1_JobInfo {
        let (lender, reference) = try reference(to: work)
        let record = work.record
        if record.order.timeLimit != nil, !peers.mayHave(.timeLimit, lender) {
            throw JobFailure("\(lenderName) runs an older version, which would not hold it to its time limit")
        }
        if record.order.image != nil, !peers.mayHave(.image, lender) {
            throw JobFailure("\(lenderName) runs an older version, which has no images")
        }
        if record.order.hasNetwork, !peers.mayHave(.network, lender) {
            throw JobFailure("\(lenderName) runs an older version, which gives jobs no network")
        }
        let request = Surplus_V1_StartJobRequest.with {
            $0.job = reference.job
            $0.lease = reference.lease
            $0.spec = Surplus_V1_JobSpec(record.order)
            $0.user = record.user
        }
        return try await peers.call(lender) { try await $0.startJob(request, options: .within(Self.patience)) }
    }

    /// Fetches what the program has made, in place of what an earlier try has left.
    ///
    /// - Returns: the outputs that it did not make.
    func collect(_ work: JobWork) async throws -> [String] {
        let (outputs, expected) = (work.folder.outputs, work.record.order.outputs)
        try await fetch(work, into: outputs, "fetching outputs", onlyCheckpoints: false)
        return await onThread { expected.filter { !FileTree.exists("\(outputs)/\($0)") } }
    }

    /// Fetches what the program is to go on from, in place of what an earlier try has left.
    func save(_ work: JobWork) async throws {
        try await fetch(work, into: work.folder.saved, "fetching what it has saved", onlyCheckpoints: true)
    }

    private func fetch(
        _ work: JobWork, into directory: String, _ doing: String, onlyCheckpoints: Bool
    ) async throws {
        var (lender, reference) = try reference(to: work)
        reference.onlyCheckpoints = onlyCheckpoints
        let limit = FileLimits(bytes: limits.outputBytes.rawValue)
        try await onThread { [folder = work.folder] in try folder.createAnew(directory) }
        let receiver = try FileReceiver(directory: directory, limits: limit)
        try await peers.call(lender) { [lenderName, reference] client in
            try await client.collectOutputs(reference) { response in
                var done: Int64 = 0
                do {
                    for try await part in response.messages {
                        try await receiver.take(part)
                        done += Int64(part.data.count)
                        work.report(.init(text: "\(lenderName): \(doing)", done: done))
                    }
                } catch {
                    await receiver.abandon()
                    throw error
                }
            }
        }
        _ = try await receiver.finish()
    }

    /// Lets the lender of a run delete the job's files; ends the job if it runs there.
    func discard(_ job: JobID, under lease: LeaseID, of lender: NodeID) async throws {
        let reference = Surplus_V1_JobRef.with { ($0.job, $0.lease) = (job.description, lease.description) }
        _ = try await peers.call(lender) { try await $0.discardJob(reference, options: .within(Self.patience)) }
    }

    /// The lender and what it knows the job by.
    func reference(to work: JobWork) throws(JobFailure) -> (NodeID, Surplus_V1_JobRef) {
        let record = work.record
        guard let lease = record.lease, let lender = record.lender else { throw JobFailure("\(record.id) has no lease") }
        return (
            lender,
            .with {
                $0.job = record.id.description
                $0.lease = lease.description
            }
        )
    }
}
