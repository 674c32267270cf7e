import Reclaim
import Resources

/// A machine whose owner wants what a test says. Guests always want more than they have, and always get their ceilings first,
/// which is worse for the owner than any kernel would be.
struct PlayedMachine {
    static let tick = Microseconds.milliseconds(200)

    let capacity: Millicores
    let threshold: Millicores
    private(set) var enforcer: Enforcer
    private(set) var now = Instant(microseconds: 0)
    private(set) var owner: Millicores = .zero
    /// What the enforcer wanted, by tick.
    private(set) var directives: [[Directive]] = []
    private(set) var leases: [LeaseID: Millicores] = [:]
    private(set) var frozen: Set<LeaseID> = []
    /// Leases that were ended, at once or after their notice; they go on until a test closes them.
    private(set) var ended: [LeaseID: Bool] = [:]
    private(set) var brakes: [LeaseID: Bytes] = [:]
    private(set) var diskLimit: Bytes?

    /// What guests hold in memory and move on disks, and what the kernel says of the owner's waiting.
    var memory: [LeaseID: Bytes] = [:]
    var diskRates: [LeaseID: Bytes] = [:]
    var pressure = Pressure.unknown
    var available: Bytes?
    /// Whether ceilings bite.
    var hasCeilings = true

    init(
        capacity: Millicores, threshold: Millicores, leases limits: [Millicores],
        _ configure: (inout Enforcer.Configuration) -> Void = { _ in }
    ) {
        self.capacity = capacity
        self.threshold = threshold
        var configuration = Enforcer.Configuration(
            capacity: Amounts(cpu: capacity, memory: .gibibytes(4)),
            thresholds: Thresholds(Amounts(cpu: threshold, memory: .gibibytes(3))))
        configure(&configuration)
        enforcer = Enforcer(configuration)
        for (number, limit) in limits.enumerated() { open(Self.lease(number), limit) }
    }

    /// The higher the number, the younger.
    static func lease(_ number: Int) -> LeaseID { LeaseID(high: 1, low: UInt64(number)) }

    mutating func open(_ lease: LeaseID, _ limit: Millicores) {
        leases[lease] = limit
        carryOut(enforcer.open(lease, limit: limit, at: now))
    }

    mutating func close(_ lease: LeaseID) {
        leases[lease] = nil
        memory[lease] = nil
        enforcer.close(lease)
    }

    mutating func reconfigure(_ change: (inout Enforcer.Configuration) -> Void) {
        var configuration = enforcer.configuration
        change(&configuration)
        carryOut(enforcer.reconfigure(configuration, at: now, minute: 0))
    }

    /// What all ceilings of leases that run come to.
    var ceilings: Millicores {
        enforcer.leases.reduce(.zero) { $0 + (frozen.contains($1) ? .zero : enforcer.ceiling(of: $1) ?? .zero) }
    }

    var guestUsage: Millicores {
        hasCeilings ? ceilings : leases.reduce(.zero) { $0 + (frozen.contains($1.key) ? .zero : $1.value) }
    }

    /// One tick in which the owner wants `wanted` and gets what the guests leave.
    @discardableResult
    mutating func tick(ownerWants wanted: Millicores, memory held: Bytes = .zero, minute: Int = 0) -> [Directive] {
        now = now + Self.tick
        owner = max(.zero, min(wanted, capacity - guestUsage))
        let guests = enforcer.leases.map { lease in
            let ceiling = hasCeilings ? enforcer.ceiling(of: lease) ?? .zero : leases[lease] ?? .zero
            return GuestReading(
                lease: lease, usage: Amounts(cpu: frozen.contains(lease) ? .zero : ceiling, memory: memory[lease] ?? .zero),
                diskRate: diskRates[lease] ?? .zero)
        }
        let readings = Readings(
            owner: Amounts(cpu: owner, memory: held), guests: guests, pressure: pressure, available: available)
        let new = enforcer.tick(readings, at: now, minute: minute)
        carryOut(new)
        return new
    }

    mutating func run(_ ticks: Int, ownerWants wanted: Millicores, memory held: Bytes = .zero) {
        for _ in 0..<ticks { tick(ownerWants: wanted, memory: held) }
    }

    private mutating func carryOut(_ new: [Directive]) {
        directives.append(new)
        for directive in new {
            switch directive {
            case .setFrozen(let lease, true): frozen.insert(lease)
            case .setFrozen(let lease, false): frozen.remove(lease)
            case .end(let lease, let atOnce, _): ended[lease] = atOnce
            case .setMemoryBrake(let lease, let brake): brakes[lease] = brake
            case .setDiskLimit(_, let limit): diskLimit = limit
            case .setCeiling, .moved: break
            }
        }
    }
}

extension [Directive] {
    var moves: [RungChange] { compactMap { if case .moved(let change) = $0 { change } else { nil } } }
}
