import GRPCCore
import Resources
import Sandbox
import Wire

// Inputs that come, outputs that go.

extension JobHost {
    /// Takes in the inputs of a job that is to start under a lease of `peer`, in place of what an earlier try has left.
    func stage(
        _ parts: RPCAsyncSequence<Surplus_V1_StagePart, any Error>, for peer: NodeID
    ) async throws -> Surplus_V1_StageReply {
        try await explaining {
            var receiver: FileReceiver?
            var staging: JobID?
            defer { if let staging { jobs.endReceiving(staging) } }
            do {
                for try await part in parts {
                    switch part.part {
                    case .job(let reference):
                        guard staging == nil else { throw FieldError("job", "comes twice") }
                        let id: JobID = try Field.identifier(reference.job, "job")
                        try await admit(id, under: try Field.identifier(reference.lease, "lease"), for: peer)
                        staging = id
                        receiver = try await emptyWork(of: id, under: try Field.identifier(reference.lease, "lease"))
                    case .file(let file):
                        guard let receiver else { throw FieldError("job", "must come first") }
                        try await receiver.take(file)
                    case nil: throw FieldError("part", "is missing or of a newer version")
                    }
                }
                guard let receiver else { throw FieldError("job", "is missing") }
                let totals = try await receiver.finish()
                return .with {
                    $0.bytes = totals.bytes
                    $0.files = Int64(totals.entries)
                }
            } catch {
                await receiver?.abandon()
                throw error
            }
        }
    }

    private func admit(_ id: JobID, under lease: LeaseID, for peer: NodeID) async throws {
        guard try jobs[id] == nil else { throw RPCError.notNow("\(id) has been started: its inputs cannot be changed") }
        try await checkLease(lease, of: peer)
        try jobs.admit(id, of: peer, under: lease, limit: house.configuration.limits.jobs)
        guard jobs.prepared(id)?.borrower == peer else { throw RPCError.noJob(id) }
        guard jobs.beginReceiving(id) else { throw RPCError(code: .aborted, message: "inputs of \(id) are still coming in") }
    }

    private func emptyWork(of id: JobID, under lease: LeaseID) async throws -> FileReceiver {
        let warden = try warden
        var files = try await warden.prepareJob(id, under: lease)
        if await onThread({ [files] in !FileTree.names(in: files.work).isEmpty }) {
            try await warden.removeJob(id)
            files = try await warden.prepareJob(id, under: lease)
        }
        let limits = FileLimits(bytes: house.configuration.limits.inputBytes.rawValue)
        return try FileReceiver(directory: files.work, limits: limits)
    }

    /// Sends the outputs of a job that has ended.
    func collect(
        _ reference: Surplus_V1_JobRef, for peer: NodeID, _ write: (Surplus_V1_FilePart) async throws -> Void
    ) async throws {
        try await explaining {
            let job = try await observed(try find(reference.job, for: peer))
            guard job.end != nil else { throw RPCError.notNow("\(job.id) has not ended") }
            try await claimWork(of: job)
            let limits = FileLimits(bytes: house.configuration.limits.outputBytes.rawValue)
            let names = reference.onlyCheckpoints ? job.order.checkpoints : job.order.yield(of: job.end)
            try await OutputFiles(directory: job.files.work, names: names, limits: limits).send(write)
        }
    }

    /// Makes the work directory readable here. The warden may hear of a program's end, and see the last of its processes
    /// gone, a moment after its output has ended.
    private func claimWork(of job: HostedJob) async throws {
        var pause = Duration.milliseconds(1)
        while true {
            do { return try await warden.claimWork(job.id) } catch let fault as WardenFault where fault.kind == .wrongState {
                guard pause < .seconds(2) else { throw RPCError(code: .unavailable, message: "\(fault)") }
                try await Task.sleep(for: pause)
                pause = pause * 2
            }
        }
    }

    /// Ends a job if it runs, and deletes it. One that is not here any more was discarded before.
    func discard(_ reference: Surplus_V1_JobRef, for peer: NodeID) async throws -> Surplus_V1_JobInfo {
        try await explaining {
            let id: JobID = try Field.identifier(reference.job, "job")
            if let job = try jobs[id] {
                guard job.borrower == peer else { throw RPCError.noJob(id) }
                try await warden.removeJob(id)
                try await jobs.remove(id)
                tell("job.discarded", job, "the borrower has everything")
                return info(job)
            }
            if let preparation = jobs.prepared(id), preparation.borrower == peer {
                try await warden.removeJob(id)
                jobs.forgetPreparation(id)
            }
            return .with { $0.job = id.description }
        }
    }
}
