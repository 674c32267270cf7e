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

    let id: NodeID
    let name: String
    var disk: Disk
    /// What a crash leaves of the disk while it has acknowledged more than it wrote.
    private var written: Disk?
    var machine: Machine
    var random: SeededGenerator
    var boots = 1
    /// `nil` while the agent is down.
    var node: Node?
    /// Counts the agent's lives, so that what was under way for an earlier one is dropped.
    var life = 0
    var uncommitted: [Batch] = []
    var batches = 0
    /// When the disk is done with the last batch.
    var diskFree = Instant(microseconds: 0)
    /// The wake-up that is scheduled.
    var wake: Instant?

    // What the node has told others, to be held to after a crash.
    var grantsToldOf: Set<LeaseID> = []
    var receiptsAnswered: Set<ReceiptID> = []

    var boot: BootID { BootID("boot-\(boots)") }
    var notary: StandInNotary { StandInNotary(node: id) }

    init(id: NodeID, name: String, disk: Disk, machine: Machine, random: SeededGenerator) {
        self.id = id
        self.name = name
        self.disk = disk
        self.machine = machine
        self.random = random
    }

    /// Commits the oldest batch, which the disk may not have written when it says so.
    mutating func commitFirst(isWritten: Bool, at now: Moment) -> Batch {
        let batch = uncommitted.removeFirst()
        written = isWritten ? nil : written ?? disk
        disk.commit(batch.outcome.records, at: now)
        return batch
    }

    /// Stops the agent. The first `survivors` of the batches under way reach the disk without anybody being told, as in a
    /// real crash.
    mutating func crash(survivors: Int, at now: Moment) {
        for batch in uncommitted.prefix(survivors) { disk.commit(batch.outcome.records, at: now) }
        if let written { disk = written }
        written = nil
        uncommitted = []
        node = nil
        wake = nil
    }
}
