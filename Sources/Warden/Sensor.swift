import Kernel
import Reclaim
import Resources
import Sandbox

/// Measures what the owner uses and how long it waits, between one reading and the next.
struct Sensor {
    /// What the owner was seen to do.
    struct Reading {
        var usage: Amounts
        var pressure = Pressure.unknown
        var available: Bytes?
    }

    private struct Counters {
        var machine: CoreMicroseconds
        var guests: CoreMicroseconds
        var owner: CoreMicroseconds
        var at: Instant
    }

    private let machine: Machine
    private let groups: any GuestGroups
    private var last: Counters?
    private var pressure: PressureSensor

    init(_ groups: any GuestGroups, kernel: any KernelCalls) {
        self.groups = groups
        machine = Machine(kernel: kernel)
        pressure = PressureSensor(groups, machine)
    }

    /// What the owner used since the last call: the mean for processing, zero at the first call, and the memory held now.
    mutating func owner(_ scope: WardenPolicy.OwnerScope, at now: Instant) throws(KernelError) -> Reading {
        let guests = try groups.usageOfAllGuests()
        var counters = Counters(machine: .zero, guests: guests.cpu, owner: .zero, at: now)
        let state = try machine.memory()
        let memory: Bytes
        switch scope {
        case .everything:
            if let exact = groups.usageOfMachine() {
                counters.machine = exact
            } else {
                counters.machine = try machine.processing()
            }
            memory = max(.zero, state.used - guests.memory)
        case .group(let path):
            let usage = try groups.usage(ofOwner: path) ?? GroupUsage()
            counters.owner = usage.cpu
            memory = usage.memory
        }
        let available = state.total - state.used
        defer { last = counters }
        let share = BasisPoints(available.scaled(by: 10_000, over: max(state.total.rawValue, 1)).rawValue)
        let pressure = pressure.read(available: share, at: now)
        guard let last else { return Reading(usage: Amounts(memory: memory), available: available) }
        let others = max(.zero, (counters.machine - last.machine) - (counters.guests - last.guests))
        let own = max(.zero, counters.owner - last.owner)
        let elapsed = now - last.at
        return Reading(
            usage: Amounts(cpu: (scope == .everything ? others : own).mean(over: elapsed), memory: memory), pressure: pressure,
            available: available)
    }

    /// Forgets the last reading, after the scope has changed.
    mutating func reset() { last = nil }
}
