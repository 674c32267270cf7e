import Kernel
import Reclaim
import Resources

/// How long the owner's work waited for each resource, as far as guests cannot have been the ones that waited.
///
/// Where the kernel tells how long each group waited (cgroup v2), the owner's part is at least that of the group beside the guests
/// that waited longest, and at least what the machine waited beyond the guests: guests that wait at the same time, for they were cut
/// themselves, do not hide it.
/// Where it does not, the machine's waiting counts as the owner's only while the owner is seen to want the resource: memory, when
/// little of it is left; disks, when something else than guests reads from them.
struct PressureSensor {
    private struct Counters {
        var machine: PerResource<Microseconds?>
        var guests: PerResource<Microseconds?>
        /// By the groups beside the guests'.
        var others: PerResource<[String: Microseconds]>
        /// What was read from disks by anybody, and by guests.
        var read: (all: Bytes, guests: Bytes)?
        var at: Instant
    }

    /// Below this share of memory that can be had, waiting for memory may be the owner's.
    private static let scarce = BasisPoints.percent(10)
    /// What is read from disks is looked at for so long after somebody waited for them.
    private static let attention = Microseconds.seconds(5)
    /// An owner that reads less each second does not wait for disks.
    private static let noticeable = Bytes(64 << 10)
    private static let names = PerResource(cpu: "cpu", memory: "memory", disk: "io")

    private let groups: any GuestGroups
    private let machine: Machine
    private var last: Counters?
    /// When somebody was last seen to wait for disks.
    private var diskWait: Instant?

    init(_ groups: any GuestGroups, _ machine: Machine) {
        self.groups = groups
        self.machine = machine
    }

    /// Nothing is known at the first call.
    mutating func read(available: BasisPoints, at now: Instant) -> Pressure {
        let counters = counters(at: now)
        defer { last = counters }
        guard let last, now > last.at else { return .unknown }
        var pressure = Pressure.unknown
        for resource in Resource.allCases {
            guard let before = last.machine[resource], let after = counters.machine[resource] else { continue }
            var waited = after - before
            if let first = last.guests[resource], let second = counters.guests[resource] {
                let longest = counters.others[resource].compactMap { group, total in
                    last.others[resource][group].map { total - $0 }
                }.max()
                waited = max(waited - max(.zero, second - first), longest ?? .zero)
            } else if !isOwners(resource, available, since: last, counters) {
                // of processors guests under a ceiling always wait for, so nothing can be said
                if resource == .cpu { continue }
                waited = .zero
            }
            pressure[resource] = Self.share(waited, of: now - last.at)
        }
        return pressure
    }

    private mutating func counters(at now: Instant) -> Counters {
        func each<Reading>(_ read: (String) -> Reading) -> PerResource<Reading> {
            PerResource(cpu: read(Self.names.cpu), memory: read(Self.names.memory), disk: read(Self.names.disk))
        }
        let guests = each(groups.pressureOfAllGuests)
        let machine = each(machine.pressure)
        // While nobody on the machine waits nobody beside the guests does, so that there is nothing new to be read.
        var others = last?.others ?? PerResource(cpu: [:], memory: [:], disk: [:])
        for resource in Resource.allCases where machine[resource] != last?.machine[resource] {
            others[resource] = groups.pressureBesideGuests(Self.names[resource])
        }
        var counters = Counters(machine: machine, guests: guests, others: others, at: now)
        if let before = last?.machine.disk, let after = counters.machine.disk, after > before { diskWait = now }
        let isOfInterest = diskWait.map { now - $0 < Self.attention } ?? false
        if guests.disk == nil, isOfInterest, let all = self.machine.diskActivity() {
            counters.read = (all.read, groups.activity(of: "").diskRead ?? .zero)
        }
        return counters
    }

    private func isOwners(_ resource: Resource, _ available: BasisPoints, since last: Counters, _ now: Counters) -> Bool {
        switch resource {
        case .cpu: return false
        case .memory: return available < Self.scarce
        case .disk:
            guard let before = last.read, let after = now.read else { return false }
            let own = (after.all - before.all) - (after.guests - before.guests)
            return own.scaled(by: 1_000_000, over: max((now.at - last.at).rawValue, 1)) >= Self.noticeable
        }
    }

    private static func share(_ waited: Microseconds, of elapsed: Microseconds) -> BasisPoints {
        BasisPoints(min(max(0, waited.scaled(by: 10_000, over: max(elapsed.rawValue, 1)).rawValue), 10_000))
    }
}
