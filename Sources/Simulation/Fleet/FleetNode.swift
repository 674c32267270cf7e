import Node
import Resources

/// One node of a fleet: the real ``Node`` with what is durable of it, and its machine.
struct FleetNode {
    let id: NodeID
    var node: Node?
    var disk = Disk()
    var machine: Machine
    var random: SeededGenerator
    /// Counts its lives, so that what was meant for an earlier one is dropped.
    var life = 0
    /// When it is woken next.
    var wake: Instant?
    /// When its machine is looked at next.
    var tick: Instant?
    /// Until when guests may still be adjusted to what the owner does, so that the machine is looked at often.
    var unsettledUntil = Fleet.beginning
    /// For how many reasons it is down.
    var downs = 0
    /// The owner's use in the current sample; `nil` when there is none.
    var usage: BasisPoints?
    /// Jobs from here that wait for their turn to ask, the first one first; and how many have their turn.
    var queue: [Int] = []
    var queued = 0
    var asking = 0
    /// What guests had used when the sample began.
    var usedBefore = CoreMicroseconds.zero
    /// What guests have used that are gone.
    var usedByGone = CoreMicroseconds.zero

    /// What guests have used altogether.
    var used: CoreMicroseconds { machine.guests.values.reduce(usedByGone) { $0 + $1.usage.cpu } }

    init(id: NodeID, machine: Machine, random: SeededGenerator) {
        self.id = id
        self.machine = machine
        self.random = random
    }
}
