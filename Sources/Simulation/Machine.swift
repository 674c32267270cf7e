import Accounting
import Node
import Reclaim
import Resources

/// A simulated machine with its warden: an owner whose load comes and goes, guests that use what they get, and the real
/// governor between them. It goes on when the agent is dead, as the real one does.
struct Machine {
    struct Guest {
        var amounts: Amounts
        var ends: Instant
        var ceiling: Millicores
        /// How much of its ceiling the program uses.
        var appetite: BasisPoints
        var usage = Usage.zero
        var throttled = Microseconds.zero
    }

    let capacity: Amounts
    private(set) var owner = Amounts.zero
    private(set) var guests = SortedMap<LeaseID, Guest>()
    private var governor: Governor
    private var lastTick: Instant?

    init(capacity: Amounts, threshold: Amounts) {
        self.capacity = capacity
        governor = Governor(Governor.Configuration(capacity: capacity, threshold: threshold))
    }

    var readings: [MeterReading] {
        guests.pairs.map { MeterReading(lease: $0, usage: $1.usage, throttled: $1.throttled) }
    }

    mutating func setOwner(_ usage: Amounts) { owner = usage.limited(to: capacity) }

    mutating func open(_ lease: LeaseID, _ amounts: Amounts, until ends: Instant, appetite: BasisPoints) {
        guard guests[lease] == nil else { return change(lease, amounts, until: ends) }
        guests[lease] = Guest(amounts: amounts, ends: ends, ceiling: amounts.cpu, appetite: appetite)
        follow(governor.open(lease, limit: amounts.cpu))
    }

    mutating func change(_ lease: LeaseID, _ amounts: Amounts, until ends: Instant) {
        guard guests[lease] != nil else { return }
        guests[lease]?.amounts = amounts
        guests[lease]?.ends = ends
        follow(governor.open(lease, limit: amounts.cpu))
    }

    /// Ends everything of a lease; the last counters, or `nil` when there is nothing of it.
    mutating func close(_ lease: LeaseID) -> MeterReading? {
        guard let guest = guests.removeValue(forKey: lease) else { return nil }
        governor.close(lease)
        return MeterReading(lease: lease, usage: guest.usage, throttled: guest.throttled)
    }

    /// Lets guests run until now, then acts as the warden does on its tick. Returns leases ended by their own deadline.
    mutating func tick(at now: Instant) -> [LeaseID] {
        let elapsed = now - (lastTick ?? now)
        lastTick = now
        var readings: [GuestReading] = []
        for (lease, guest) in guests.pairs {
            let used = guest.appetite.of(guest.ceiling)
            guests[lease]?.usage =
                guest.usage + Usage(of: Amounts(cpu: used, memory: guest.appetite.of(guest.amounts.memory)), for: elapsed)
            if guest.ceiling < guest.amounts.cpu { guests[lease]?.throttled += elapsed }
            readings.append(
                GuestReading(lease: lease, usage: Amounts(cpu: used, memory: guest.appetite.of(guest.amounts.memory))))
        }
        follow(governor.tick(Readings(owner: owner, guests: readings), at: now))
        return guests.pairs.filter { $1.ends <= now }.map(\.0)
    }

    /// A reboot: guests and governor are gone, the owner is not.
    mutating func reboot(threshold: Amounts) {
        guests = SortedMap()
        governor = Governor(Governor.Configuration(capacity: capacity, threshold: threshold))
        lastTick = nil
    }

    private mutating func follow(_ directives: [Directive]) {
        for case .setCeiling(let lease, let ceiling) in directives { guests[lease]?.ceiling = ceiling }
    }
}
