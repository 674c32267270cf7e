import Kernel
import Resources
import Sandbox

/// Measures what the owner uses, between one reading and the next.
struct Sensor {
    private struct Counters {
        var machine: CoreMicroseconds
        var guests: CoreMicroseconds
        var owner: CoreMicroseconds
        var at: Instant
    }

    private let machine: Machine
    private let groups: any GuestGroups
    private var last: Counters?

    init(_ groups: any GuestGroups, kernel: any KernelCalls) {
        self.groups = groups
        machine = Machine(kernel: kernel)
    }

    /// What the owner used since the last call: the mean for processing, zero at the first call, and the memory held now.
    mutating func owner(_ scope: WardenPolicy.OwnerScope, at now: Instant) throws(KernelError) -> Amounts {
        let guests = try groups.usageOfAllGuests()
        var counters = Counters(machine: .zero, guests: guests.cpu, owner: .zero, at: now)
        let memory: Bytes
        switch scope {
        case .everything:
            if let exact = groups.usageOfMachine() {
                counters.machine = exact
            } else {
                counters.machine = try machine.processing()
            }
            memory = max(.zero, try machine.memory().used - guests.memory)
        case .group(let path):
            let usage = try groups.usage(ofOwner: path) ?? GroupUsage()
            counters.owner = usage.cpu
            memory = usage.memory
        }
        defer { last = counters }
        guard let last else { return Amounts(memory: memory) }
        let others = max(.zero, (counters.machine - last.machine) - (counters.guests - last.guests))
        let own = max(.zero, counters.owner - last.owner)
        let elapsed = now - last.at
        return Amounts(cpu: (scope == .everything ? others : own).mean(over: elapsed), memory: memory)
    }

    /// Forgets the last reading, after the scope has changed.
    mutating func reset() { last = nil }
}
