import GRPCCore
import Glibc
import Resources
import Wire

// Going on elsewhere, after a run that was cut short.

extension JobDriver {
    /// How long what a job has made is waited for when its machine was taken back or lost.
    static let savingPatience = Microseconds.seconds(30)

    /// Brings home what the program has saved, and lets go of the lease: the job waits for another one then.
    func goOn(_ work: JobWork) async throws {
        let before = work.record
        if !before.order.checkpoints.isEmpty, before.startedAt != nil { try await save(work) }
        let inputs = await onThread { [folder = work.folder] in
            FileTree.exists(folder.inputs) ? FileTree.size(of: folder.inputs) : nil
        }
        let start = OutputStart(stdout: work.stdout.size, stderr: work.stderr.size)
        try await record(work) { $0.goOn(withInputs: inputs, output: start) }
        if let lease = before.lease { engine.handle(.release(lease)) }
        tell(
            work, "job.interrupted",
            "\(before.end?.outcome.reason ?? ""): run \(before.attempts.count + 2) of at most \(1 + (before.retry?.limit ?? 0)) follows"
        )
    }

    /// A run that left nothing, or whose lender is gone, is followed by one from what was saved before.
    private func save(_ work: JobWork) async throws {
        let transport = transport(to: work.record.lender)
        do {
            try await retrying(until: work.record.finishedAt.map { $0 + Self.savingPatience }) { try await transport.save(work) }
        } catch {
            try Task.checkCancellation()
            return tell(work, "job.unsaved", "what it had saved is lost: \((error as? RPCError)?.message ?? "\(error)")")
        }
        let names = JobOrder.outermost(work.record.order.checkpoints)
        try await persistently(work) {
            try await onThread { [folder = work.folder] in
                for name in names { try folder.moveIntoInputs(saved: name) }
                FileTree.remove(folder.saved)
                try folder.synchronise()
            }
        }
        tell(work, "job.saved", "what it had saved is here")
    }

    /// A lender that has run the job before lets go of what that run left, so that it can take the job anew.
    func clear(_ work: JobWork, at lender: NodeID) async throws {
        for attempt in work.record.attempts where attempt.lender == lender {
            try await retrying(until: house.clock().utc + Self.savingPatience) {
                try await transport(to: lender).discard(work.id, under: attempt.lease, of: lender)
            }
        }
    }

    /// Repeats a call while what is in the way may pass, as long as the job waits for a lender.
    func patiently<Value: Sendable>(_ work: JobWork, _ body: () async throws -> Value) async throws -> Value {
        var backoff = Backoff()
        var absence = Absence(of: name(of: work.record.lender), patience: work.record.retry?.patience)
        while true {
            do { return try await body() } catch let error as RPCError where error.isPassing {
                try Task.checkCancellation()
                try absence.note(error)
                try await backoff.pause()
            }
        }
    }
}

extension JobFolder {
    /// Puts what was saved under a name in place of what is among the inputs under it; without it, nothing changes. Blocks.
    func moveIntoInputs(saved name: String) throws {
        let (source, target) = ("\(saved)/\(name)", "\(inputs)/\(name)")
        guard FileTree.exists(source) else { return }
        try FileTree.makeParents(of: target)
        FileTree.remove(target)
        guard rename(source, target) == 0 else { throw SpoolError("failed to move \(source) to \(target)", errno) }
    }
}
