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
    func start(_ work: JobWork) async throws -> Surplus_V1_JobInfo {
        let (lender, reference) = try reference(to: work)
        let record = work.record
        let request = Surplus_V1_StartJobRequest.with {
            $0.job = reference.job
            $0.lease = reference.lease
            $0.spec = Surplus_V1_JobSpec(record.order)
            $0.user = record.user
        }
        return try await peers.call(lender) { try await $0.startJob(request, options: .within(Self.patience)) }
    }

    /// Fetches the outputs, in place of what an earlier try has left.
    ///
    /// - Returns: the outputs that the program did not make.
    func collect(_ work: JobWork) async throws -> [String] {
        let (lender, reference) = try reference(to: work)
        let outputs = work.folder.outputs
        let limit = FileLimits(bytes: limits.outputBytes.rawValue)
        try await onThread { [folder = work.folder] in try folder.createAnew(outputs) }
        let receiver = try FileReceiver(directory: outputs, limits: limit)
        try await peers.call(lender) { [lenderName] client in
            try await client.collectOutputs(reference) { response in
                var done: Int64 = 0
                do {
                    for try await part in response.messages {
                        try await receiver.take(part)
                        done += Int64(part.data.count)
                        work.report(.init(text: "\(lenderName): fetching outputs", done: done))
                    }
                } catch {
                    await receiver.abandon()
                    throw error
                }
            }
        }
        _ = try await receiver.finish()
        let expected = work.record.order.outputs
        return await onThread { expected.filter { !FileTree.exists("\(outputs)/\($0)") } }
    }

    /// Lets the lender delete the job's files; ends the job if it runs.
    func discard(_ work: JobWork) async throws {
        let (lender, reference) = try reference(to: work)
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
