import Accounting
import Node
import Reclaim
import Resources

/// A simulated machine with its warden: an owner whose load comes and goes, guests that use what they get, and the real
/// enforcer between them. It goes on when the agent is dead, as the real one does.
struct Machine {
    struct Guest {
        var amounts: Amounts
        var ends: Instant
        var ceiling: Millicores
        var isFrozen = false
        /// How much of its ceiling the program uses.
        var appetite: BasisPoints
        var usage = Usage.zero
        var throttled = Microseconds.zero
    }

    /// What the ladder leaves a guest while it runs at all.
    static let leastProcessing = Enforcer.Configuration(capacity: .zero, thresholds: Thresholds(.zero)).leastProcessing

    let capacity: Amounts
    private(set) var owner = Amounts.zero
    /// What the meters show of what guests use, where they do not show that.
    var inflation: BasisPoints?
    private(set) var guests = SortedMap<LeaseID, Guest>()
    /// What is set aside on its disk, which outlives agent and machine.
    private var stores = SortedMap<LeaseID, Store>()

    private struct Store {
        let size: Bytes
        /// When all is elsewhere that was stored in it; `nil` while it is lent.
        var isClear: Instant?
    }
    private var enforcer: Enforcer
    private var lastTick: Instant?

    init(capacity: Amounts, threshold: Amounts) {
        self.capacity = capacity
        enforcer = Enforcer(Enforcer.Configuration(capacity: capacity, thresholds: Thresholds(threshold)))
    }

    /// What one tick of the warden came to.
    struct Ticked {
        /// Leases whose time was up.
        var expired: [LeaseID]
        /// What owner and guests use together.
        var usage: Amounts
        /// Leases that the enforcer takes back.
        var ends: [(lease: LeaseID, atOnce: Bool, reason: String)] = []
        /// What leases climbed or descended to, for people.
        var moves: [String] = []
    }

    var readings: [MeterReading] {
        guests.pairs.map { reading(of: $0, $1) }
    }

    private func reading(of lease: LeaseID, _ guest: Guest) -> MeterReading {
        MeterReading(lease: lease, usage: guest.usage, throttled: guest.throttled)
    }

    mutating func setOwner(_ usage: Amounts) { owner = usage.limited(to: capacity) }

    mutating func open(_ lease: LeaseID, _ amounts: Amounts, until ends: Instant, appetite: BasisPoints) {
        guard guests[lease] == nil else { return change(lease, amounts, until: ends) }
        guests[lease] = Guest(amounts: amounts, ends: ends, ceiling: amounts.cpu, appetite: appetite)
        follow(enforcer.open(lease, limit: amounts.cpu, at: lastTick ?? ends))
    }

    mutating func change(_ lease: LeaseID, _ amounts: Amounts, until ends: Instant) {
        guard guests[lease] != nil else { return }
        guests[lease]?.amounts = amounts
        guests[lease]?.ends = ends
        follow(enforcer.open(lease, limit: amounts.cpu, at: lastTick ?? ends))
    }

    /// Ends everything of a lease; the last counters, or `nil` when there is nothing of it.
    mutating func close(_ lease: LeaseID) -> MeterReading? {
        guard let guest = guests.removeValue(forKey: lease) else { return nil }
        enforcer.close(lease)
        return reading(of: lease, guest)
    }

    mutating func openStore(_ lease: LeaseID, _ size: Bytes) { stores[lease] = Store(size: size) }

    /// Has what is stored under a lease moved elsewhere, by `then` if that is not under way.
    ///
    /// - Returns: when nothing is there any more.
    mutating func closeStore(_ lease: LeaseID, by then: Instant) -> Instant {
        let isClear = stores[lease].map { $0.isClear ?? then }
        stores[lease]?.isClear = isClear
        return isClear ?? then
    }

    func hasStore(_ lease: LeaseID, at now: Instant) -> Bool { storesLeft(at: now).contains(lease) }

    /// Leases of which something is on the disk, lent or not yet moved elsewhere.
    func storesLeft(at now: Instant) -> [LeaseID] { stores.pairs.filter { $1.isClear.map { $0 > now } ?? true }.map(\.0) }

    /// What they take of it.
    func stored(at now: Instant) -> Bytes { storesLeft(at: now).reduce(.zero) { $0 + (stores[$1]?.size ?? .zero) } }

    /// Lets guests run until now, then acts as the warden does on its tick.
    mutating func tick(at now: Instant) -> Ticked {
        let elapsed = now - (lastTick ?? now)
        lastTick = now
        var readings: [GuestReading] = []
        for (lease, guest) in guests.pairs {
            let used = guest.isFrozen ? .zero : guest.appetite.of(guest.ceiling)
            let using = Amounts(cpu: used, memory: guest.appetite.of(guest.amounts.memory))
            let shown = inflation.map { Amounts(cpu: $0.of(using.cpu), memory: $0.of(using.memory)) } ?? using
            guests[lease]?.usage = guest.usage + Usage(of: shown, for: elapsed)
            if guest.ceiling < guest.amounts.cpu { guests[lease]?.throttled += elapsed }
            readings.append(GuestReading(lease: lease, usage: using))
        }
        let directives = enforcer.tick(Readings(owner: owner, guests: readings), at: now, minute: 0)
        let ends = follow(directives)
        let moves = directives.compactMap {
            if case .moved(let change) = $0 { "\(change.lease): \(change.from) -> \(change.to): \(change.reason)" } else { nil }
        }
        let usage = readings.reduce(owner) { $0 + $1.usage }
        return Ticked(expired: guests.pairs.filter { $1.ends <= now }.map(\.0), usage: usage, ends: ends, moves: moves)
    }

    /// A reboot: guests and enforcer are gone, the owner is not.
    mutating func reboot(threshold: Amounts) {
        guests = SortedMap()
        enforcer = Enforcer(Enforcer.Configuration(capacity: capacity, thresholds: Thresholds(threshold)))
        lastTick = nil
    }

    @discardableResult
    private mutating func follow(_ directives: [Directive]) -> [(lease: LeaseID, atOnce: Bool, reason: String)] {
        var ends: [(lease: LeaseID, atOnce: Bool, reason: String)] = []
        for directive in directives {
            switch directive {
            case .setCeiling(let lease, let ceiling): guests[lease]?.ceiling = ceiling
            case .setFrozen(let lease, let isFrozen): guests[lease]?.isFrozen = isFrozen
            case .end(let lease, let atOnce, let reason): ends.append((lease, atOnce, reason))
            case .setDiskLimit, .setMemoryBrake, .moved: break
            }
        }
        return ends
    }
}
