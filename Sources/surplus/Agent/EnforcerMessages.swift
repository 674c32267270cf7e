import Reports
import Resources
import Wire

extension PressureFigures {
    init(_ message: Surplus_V1_Pressure) {
        self.init(
            cpu: message.hasCpuBasisPoints ? message.cpuBasisPoints : nil,
            memory: message.hasMemoryBasisPoints ? message.memoryBasisPoints : nil,
            disk: message.hasDiskBasisPoints ? message.diskBasisPoints : nil)
    }
}

extension EnforcerReport {
    init(_ message: Surplus_V1_EnforcerReply) {
        self.init(
            enforcement: message.enforcement, disk: message.disk.nonEmpty, dryRun: message.dryRun,
            threshold: Amounts(shown: message.threshold),
            owner: Amounts(shown: message.owner), guests: Amounts(shown: message.guests),
            pressure: PressureFigures(message.pressure),
            tolerance: message.hasTolerance ? PressureFigures(message.tolerance) : nil,
            available: message.hasAvailableBytes ? Bytes(message.availableBytes) : nil,
            reserve: message.hasReserveBytes ? Bytes(message.reserveBytes) : nil,
            guestDisk: message.hasGuestDiskBytesPerSecond ? Bytes(message.guestDiskBytesPerSecond) : nil,
            coolDown: Microseconds(message.coolDownMicroseconds), leases: message.leases.map(Lease.init))
    }
}

extension EnforcerReport.Lease {
    init(_ message: Surplus_V1_EnforcedLease) {
        self.init(
            lease: message.lease, peerName: message.peerName, rung: message.rung, granted: Amounts(shown: message.granted),
            ceiling: Millicores(message.ceilingCpuMillicores), used: Amounts(shown: message.used),
            endsAt: CivilTime(microseconds: message.endsAt), reason: message.reason.nonEmpty)
    }
}

extension EnforcerMovesReport.Move {
    init(_ message: Surplus_V1_EnforcerMove) {
        self.init(
            at: CivilTime(Timestamp(microseconds: message.at)), lease: message.lease, from: message.from, to: message.to,
            resource: message.resource, reason: message.reason, owner: Amounts(shown: message.owner),
            guests: Amounts(shown: message.guests), threshold: Amounts(shown: message.threshold),
            pressure: PressureFigures(message.pressure), tolerance: PressureFigures(message.tolerance),
            guestDisk: message.hasGuestDiskBytesPerSecond ? Bytes(message.guestDiskBytesPerSecond) : nil,
            available: message.hasAvailableBytes ? Bytes(message.availableBytes) : nil,
            before: Millicores(message.beforeCpuMillicores),
            after: Millicores(message.afterCpuMillicores), dryRun: message.dryRun)
    }
}
