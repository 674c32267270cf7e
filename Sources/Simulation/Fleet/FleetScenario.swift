import Policy
import Resources

/// Machines that lend what their owners leave, and the jobs that compete for it.
package struct FleetScenario: Sendable {
    /// What owners use of their machines.
    package var owners: UsageTrace
    /// How long a sample of it lasts.
    package var sample = Microseconds.minutes(5)
    /// What each machine has.
    package var capacity: Amounts
    /// What each machine lends by.
    package var policy: LendingPolicy
    /// In order of submission.
    package var jobs: [FleetJob]
    package var outages: [Outage] = []
    /// How many nodes a borrower asks for one lease.
    package var asked = 8
    /// For how many of its jobs a node asks at one time; the others wait their turn.
    package var asking = 4
    /// How often a job saves what it has done, in processor time; `nil`: never, and a job whose lease ends early begins anew.
    package var checkpoint: CoreMicroseconds?
    package var seed: UInt64 = 1

    package init(owners: UsageTrace, capacity: Amounts, policy: LendingPolicy, jobs: [FleetJob]) {
        self.owners = owners
        self.capacity = capacity
        self.policy = policy
        self.jobs = jobs
    }
}

/// A program that somebody wants to have run on one machine.
package struct FleetJob: Hashable, Sendable {
    /// Whose it is. The jobs of one user come from one node.
    package let user: UInt64
    /// Since the trace began.
    package let submitted: Microseconds
    package let amounts: Amounts
    /// The processor time it takes.
    package let work: CoreMicroseconds
    /// The warning it would like before its lease is ended early.
    package let notice: NoticeClass

    /// - Precondition: it asks for processing, and has something to do with it.
    package init(user: UInt64, submitted: Microseconds, amounts: Amounts, work: CoreMicroseconds, notice: NoticeClass) {
        precondition(amounts.cpu > .zero && work > .zero, "a job of \(amounts.text) with \(work) to do")
        self.user = user
        self.submitted = submitted
        self.amounts = amounts
        self.work = work
        self.notice = notice
    }
}

/// A time in which a machine is down.
package struct Outage: Hashable, Sendable {
    package let machine: Int
    /// Since the trace began.
    package let from: Microseconds
    package let until: Microseconds

    package init(machine: Int, from: Microseconds, until: Microseconds) {
        (self.machine, self.from, self.until) = (machine, from, until)
    }
}
