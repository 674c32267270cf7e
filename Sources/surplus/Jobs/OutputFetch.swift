import Wire

/// Brings the outputs of a job home.
struct OutputFetch: Sendable {
    let agent: AgentLink
    let console: Console

    /// Fetches all outputs of `job`. What was there before is replaced file by file, once everything has arrived.
    ///
    /// - Throws: ``Failure``; then nothing was replaced, unless it was the replacing that failed.
    func fetch(_ job: Surplus_V1_JobInfo, to requests: OutputRequests) async throws {
        var backoff = Backoff()
        while true {
            do {
                return try await attempt(job, requests)
            } catch let failure as Failure where failure.isLostConnection {
                guard let pause = backoff.wait() else {
                    throw Failure(
                        object: job.job, fault: failure.description, remedy: "'surplus job fetch \(job.job)' tries again")
                }
                try await Task.sleep(for: pause)
            }
        }
    }

    private func attempt(_ job: Surplus_V1_JobInfo, _ requests: OutputRequests) async throws {
        try await agent.connected { [console] control in
            try await control.fetchOutputs(.with { $0.job = job.job }) { response in
                var intake = OutputIntake(job: job, requests: requests)
                do {
                    for try await part in response.messages {
                        try await intake.take(part)
                        console.progress(intake.progress)
                    }
                    try await intake.place()
                } catch {
                    await intake.discard()
                    throw (error as? FileTransferError).map { Failure(object: "", fault: $0.description) } ?? error
                }
            }
        }
        console.clear()
    }
}
