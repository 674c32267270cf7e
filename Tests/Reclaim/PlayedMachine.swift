import Reclaim
import Resources

/// A machine whose owner wants what a test says. Guests always want more than they have, and always get their ceilings first,
/// which is worse for the owner than any kernel would be.
struct PlayedMachine {
    static let tick = Microseconds.milliseconds(200)

    let capacity: Millicores
    let threshold: Millicores
    private(set) var governor: Governor
    private(set) var now = Instant(microseconds: 0)
    private(set) var owner: Millicores = .zero
    /// Every change of a ceiling and every step on the ladder, by tick.
    private(set) var directives: [[Directive]] = []
    private(set) var leases: [LeaseID: Millicores] = [:]

    init(capacity: Millicores, threshold: Millicores, leases limits: [Millicores]) {
        self.capacity = capacity
        self.threshold = threshold
        governor = Governor(
            .init(
                capacity: Amounts(cpu: capacity, memory: .gibibytes(4)), threshold: Amounts(cpu: threshold, memory: .gibibytes(4))
            ))
        for (number, limit) in limits.enumerated() { open(LeaseID(high: 1, low: UInt64(number)), limit) }
    }

    mutating func open(_ lease: LeaseID, _ limit: Millicores) {
        leases[lease] = limit
        directives.append(governor.open(lease, limit: limit))
    }

    /// What all ceilings come to.
    var ceilings: Millicores { governor.leases.reduce(.zero) { $0 + (governor.ceiling(of: $1) ?? .zero) } }

    /// One tick in which the owner wants `wanted` and gets what the guests leave.
    @discardableResult
    mutating func tick(ownerWants wanted: Millicores, memory: Bytes = .zero) -> [Directive] {
        now = now + Self.tick
        owner = max(.zero, min(wanted, capacity - ceilings))
        let guests = governor.leases.map {
            GuestReading(lease: $0, usage: Amounts(cpu: governor.ceiling(of: $0) ?? .zero))
        }
        let new = governor.tick(Readings(owner: Amounts(cpu: owner, memory: memory), guests: guests), at: now)
        directives.append(new)
        return new
    }

    mutating func run(_ ticks: Int, ownerWants wanted: Millicores) {
        for _ in 0..<ticks { tick(ownerWants: wanted) }
    }
}

extension [Directive] {
    /// How many ceilings were changed.
    var changes: Int { count { if case .setCeiling = $0 { true } else { false } } }

    var moves: [RungChange] { compactMap { if case .moved(let change) = $0 { change } else { nil } } }
}
