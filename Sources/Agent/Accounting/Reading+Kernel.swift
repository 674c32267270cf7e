import Accounting
import Kernel
import Resources
import Sandbox

extension Reading {
    init(_ machine: MachineCounters) {
        self.init(at: machine.at)
        cpu = machine.cpu
        memory = machine.memory
        networkReceived = machine.network?.received
        networkSent = machine.network?.sent
        diskRead = machine.disks?.read
        diskWritten = machine.disks?.written
        diskBusy = machine.disks?.busy
        cpuPressure = Pressure(machine.cpuPressure)
        memoryPressure = Pressure(machine.memoryPressure)
        ioPressure = Pressure(machine.ioPressure)
        load = machine.load.map { $0.rawValue / 10 }
    }

    /// A guest has no network but a loopback of its own, so there is none to measure.
    init(_ lease: LeaseMeasurement) {
        self.init(at: lease.at)
        cpu = lease.cpu
        memory = lease.memory
        diskRead = lease.activity.diskRead
        diskWritten = lease.activity.diskWritten
        cpuPressure = Pressure(lease.activity.cpuPressure)
        memoryPressure = Pressure(lease.activity.memoryPressure)
        ioPressure = Pressure(lease.activity.ioPressure)
    }
}

extension Reading.Pressure {
    fileprivate init(_ totals: PressureTotals) { self.init(some: totals.some, full: totals.full) }
}
