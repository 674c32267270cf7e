import Bookkeeping
import Node
import Resources

/// One agent in the simulated world: the real ``Node``, its disk, its machine, and a shell that keeps the durability order.
struct SimulatedNode {
    /// Records on their way to the disk and the actions that wait for them.
    struct Batch {
        let number: Int
        let outcome: Outcome
    }

    /// One step towards the end of a dispute.
    struct ResolutionStep: Hashable {
        let dispute: DisputeID
        let number: Int64
    }

    let id: NodeID
    let name: String
    var disk: Disk
    /// What a crash leaves of the disk while it has acknowledged more than it wrote.
    private var written: Disk?
    var machine: Machine
    var clock = LocalClock()
    var random: SeededGenerator
    /// `nil` while the agent is down.
    var node: Node?
    /// Counts the agent's lives, so that what was under way for an earlier one is dropped.
    var life = 0
    var uncommitted: [Batch] = []
    var batches = 0
    /// When the disk is done with the last batch.
    var diskFree = World.beginning
    /// The wake-up that is scheduled, by its own clock.
    var wake: Instant?
    /// Until when the agent stands still.
    var hungUntil = World.beginning
    /// What happens to it as soon as something is on its way to the disk.
    var crashesAtCommit: Fault.Crash?
    /// What its owner uses, more or less, at all times; `nil` where that comes and goes.
    let usual: Amounts?
    /// Whether its owner plays.
    var plays = false
    /// Whether it is down with its machine.
    var isRebooting = false
    /// Whether civil time was set while its machine was down: nobody can tell then how long that was.
    var hasLostTime = false
    /// Whether it has ever said what is not true: who trades with such a node can only look after themselves.
    var hasForged = false

    /// Since when its machine is above the owner's threshold.
    var exceededSince: Instant?

    // What the node has told others, to be held to after a crash.
    var grantsToldOf: Set<LeaseID> = []
    var receiptsAnswered: Set<ReceiptID> = []
    var adjustmentsAgreed: Set<AdjustmentID> = []
    var resolutionsSigned: Set<ResolutionStep> = []
    var disputesTaken: Set<DisputeID> = []
    var nettingsSigned: Set<NettingID> = []
    var nettingsCommitted: Set<NettingID> = []
    /// The last number of each debtor's that it has agreed to.
    var decaysAgreed = SortedMap<NodeID, Int64>()
    /// Until when it has promised others firm leases, as far as it may not end them at once.
    var firmWords: [LeaseID: FirmWord] = [:]
    /// What owner or ladder have told it to end without notice.
    var endedAtOnce: Set<LeaseID> = []

    var notary: StandInNotary { StandInNotary(node: id) }

    init(id: NodeID, name: String, disk: Disk, machine: Machine, usual: Amounts?, random: SeededGenerator) {
        self.id = id
        self.name = name
        self.disk = disk
        self.machine = machine
        self.usual = usual
        self.random = random
    }

    /// Commits the oldest batch, which the disk may not have written when it says so.
    mutating func commitFirst(isWritten: Bool, at now: Moment) -> Batch {
        let batch = uncommitted.removeFirst()
        written = isWritten ? nil : written ?? disk
        disk.commit(batch.outcome.records, at: now)
        return batch
    }

    /// Stops the agent. A share of the batches under way reached the disk without anybody being told, as in a real crash.
    mutating func crash(written share: BasisPoints, isTorn: Bool, at now: Moment) {
        let survivors = uncommitted.count * Int(share.rawValue) / Int(BasisPoints.whole.rawValue)
        for batch in uncommitted.prefix(survivors) { disk.commit(batch.outcome.records, at: now) }
        if isTorn, survivors < uncommitted.count { disk.tear(uncommitted[survivors].outcome.records, at: now) }
        if let written { disk = written }
        written = nil
        uncommitted = []
        node = nil
        wake = nil
    }
}
