import Wire

/// How a job ended, as an exit status: the program's own where there is one, as a shell would give it.
struct Outcome: Equatable {
    /// Surplus itself failed.
    static let surplusFailed: Int32 = 125
    /// There is such a program, but it could not be run. 127 where there is none.
    static let notRunnable: Int32 = 126

    var status: Int32
    /// What to say on standard error; `nil` when the program's own status says it all.
    var remark: String?

    /// - Parameter job: in a final state.
    init(of job: Surplus_V1_JobInfo) {
        if !job.exit.notStarted.isEmpty {
            let status =
                if case .code(let code)? = job.exit.how, code == 126 || code == 127 { Int32(code) } else { Self.notRunnable }
            self.init(status: status, remark: "\(job.spec.program): \(job.exit.notStarted)")
            return
        }
        switch (job.state, job.exit.how) {
        case (.failed, _): self.init(status: Self.surplusFailed, remark: "\(job.job): \(job.failure)")
        case (_, .code(let code)?): self.init(status: Int32(truncatingIfNeeded: code & 0xFF))
        case (_, .signal(let signal)?): self.init(status: 128 + Int32(truncatingIfNeeded: signal & 0x7F))
        case (.cancelled, nil): self.init(status: Self.surplusFailed, remark: "\(job.job): cancelled")
        default: self.init(status: Self.surplusFailed, remark: "\(job.job): ended, but the agent did not say how")
        }
    }

    private init(status: Int32, remark: String? = nil) {
        self.status = status
        self.remark = remark
    }
}
