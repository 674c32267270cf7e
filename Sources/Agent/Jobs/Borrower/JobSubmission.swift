import Bookkeeping
import GRPCCore
import Node
import Resources
import Trading
import Wire

// How jobs come in.

extension JobDesk {
    /// Takes a job in with its inputs. When it returns the job is durable and runs whoever watches.
    ///
    /// - Throws: when anything about it cannot be accepted; then nothing of it is left.
    func submit(
        _ parts: RPCAsyncSequence<Surplus_V1_SubmitPart, any Error>, by user: CallingUser
    ) async throws -> Surplus_V1_JobInfo {
        guard open < Self.openLimit else {
            throw RPCError(
                code: .resourceExhausted, message: "\(Self.openLimit) jobs have not ended: wait for some, or cancel them")
        }
        var random = SystemRandomNumberGenerator()
        let id = JobID(at: house.clock().utc, using: &random)
        let folder = folder(of: id)
        _ = claim(id)
        do {
            try await onThread { try folder.create() }
            let record = try await take(parts, as: id, into: folder, by: user)
            let work = try JobWork(record, in: folder)
            if let lease = record.lease { engine.handle(.occupied(lease, by: id, true)) }
            let rule = record.lease.flatMap { lease in engine.read { $0.leases[lease]?.lease.rule } }
            try await engine.commit([.state(.job, id: id.description, record), .event(record.submission(underLeaseOf: rule))])
            enlist(work)
            return info(record)
        } catch {
            disclaim(id)
            vacate(by: id)
            await onThread { FileTree.remove(folder.path) }
            throw error
        }
    }

    /// A job that did not come in needs no lease of a rule.
    private func vacate(by job: JobID) {
        for occupant in engine.read({ $0.acquisitions.occupants }) where occupant.job == job {
            engine.handle(.occupied(occupant.lease, by: job, false))
        }
    }

    private func take(
        _ parts: RPCAsyncSequence<Surplus_V1_SubmitPart, any Error>, as id: JobID, into folder: JobFolder, by user: CallingUser
    ) async throws -> JobRecord {
        var accepted: (order: JobOrder, tenancy: JobRecord.Tenancy, retry: JobRetry?)?
        var receiver: FileReceiver?
        for try await part in parts {
            switch part.part {
            case .submit(let submit):
                guard accepted == nil else { throw FieldError("submit", "comes twice") }
                accepted = (
                    try JobOrder(submit.spec), try await choice(of: submit, by: user), try JobRetry(submit.retry, "retry")
                )
                // From now on it is not idle: others that come while the inputs do find another one.
                if case .given(let lease)? = accepted?.tenancy { engine.handle(.occupied(lease, by: id, true)) }
            case .file(let file):
                guard accepted != nil else { throw FieldError("submit", "must come first") }
                let intake = try receiver ?? inputs(of: folder)
                receiver = intake
                try await intake.take(file)
            case nil: throw FieldError("part", "is missing or of a newer version")
            }
        }
        guard let accepted else { throw FieldError("submit", "is missing") }
        let totals = try await receiver?.finish() ?? FileTotals()
        if totals.entries > 0 { try await onThread { try folder.synchronise() } }
        var record = JobRecord(
            id: id, user: user.name, uid: user.uid, remote: user.remoteID, order: accepted.order, tenancy: accepted.tenancy,
            retry: accepted.retry, inputs: totals.entries, inputBytes: totals.bytes, submittedAt: house.clock().utc)
        // What is known already need not be found out, and recorded, later.
        if case .given(let lease) = accepted.tenancy { record.place(under: lease, of: try tenancy.lender(of: lease)) }
        return record
    }

    private func inputs(of folder: JobFolder) throws -> FileReceiver {
        try folder.createAnew(folder.inputs)
        return try FileReceiver(
            directory: folder.inputs, limits: FileLimits(bytes: house.configuration.limits.inputBytes.rawValue))
    }

    /// Under which lease the job is to run; says at once what can never work.
    private func choice(of submit: Surplus_V1_SubmitJob, by user: CallingUser) async throws -> JobRecord.Tenancy {
        guard submit.lease.isEmpty else {
            guard submit.retry.limit == 0 else {
                throw FieldError("retry", "needs a lease of the job's own: a given one is of one node")
            }
            let id: LeaseID = try Field.identifier(submit.lease, "lease")
            _ = try tenancy.lender(of: id)
            guard let borrower = engine.read({ $0.leases[id]?.lease.user }), user.sees(to: borrower) else {
                throw RPCError(
                    code: .permissionDenied,
                    message:
                        "\(id) was borrowed by somebody else, and \(user.name) has the role \(user.role), which lacks the right "
                        + "'operate': see 'surplus lease list' for your own")
            }
            return .given(id)
        }
        let policy = engine.read { $0.policy.borrow }
        let want = try Want(submit.request, user: user.name, policy: policy)
        guard want.start == nil, want.nodes == 1 else {
            throw FieldError("request", "asks for later or for several nodes: borrow first, and run under the leases")
        }
        guard want.amounts.disk == .zero else {
            throw FieldError("request", "asks for disk, on which nothing runs: ask for processing and memory")
        }
        let candidates = try engine.candidates(for: want, on: submit.request.on, among: roster)
        if submit.retry.limit == 0,
            let idle = await engine.idleLease(for: want, submit.request, among: candidates, of: user)
        {
            return .given(idle)
        }
        return .own(want, from: submit.request.on, renews: submit.request.termMicroseconds == 0)
    }
}

extension JobRecord {
    /// - Parameter rule: the borrow rule whose lease it is to run under, if there is one.
    fileprivate func submission(underLeaseOf rule: String?) -> Event {
        var details = [Event.Detail("program", order.program), Event.Detail("user", user)]
        if inputs > 0 { details.append(Event.Detail("input_bytes", String(inputBytes))) }
        var subjects = [id.description]
        if case .given(let lease) = tenancy { subjects.append(lease.description) }
        return Event(
            at: submittedAt, kind: "job.submitted", subjects: subjects,
            text: "\(user) submitted \(order.program)" + (rule.map { ", under a lease that borrow rule '\($0)' holds" } ?? ""),
            details: details)
    }
}
