import Configuration
import Identity
import Kernel
import LedgerStore
import Logging
import Policy
import Resources

/// What all parts of an agent share: its configuration, its ledger, its clock, its log.
struct Household: Sendable {
    let configuration: AgentConfiguration
    /// Where that was read from; `nil` when it was from no file.
    var configurationFile: String?
    /// What this node shares out between owner and guests.
    let capacity: Amounts
    let store: LedgerStore
    /// Announces that events have been written to it.
    let story: ChangeFeed
    let policy: PolicyDesk
    let identities: IdentityStore
    let clock: @Sendable () -> Moment
    let log: Logger
    var recentLog = RecentLog()
    /// Wants to hear how this agent is doing.
    var manager = ServiceManager.absent

    /// How the agent is doing, for the service manager.
    var summary: String { "lends by policy '\(policy.current.policy.name)'" }

    /// The policy with the thresholds that hold at this time of the week.
    var policyInForce: LendingPolicy { policy.current.policy.inForce(at: CivilMinute(at: clock().utc)) }

    var utc: @Sendable () -> Timestamp { { [clock] in clock().utc } }
}
