package import Resources

/// The first rungs of the enforcement ladder: keeps the sum of all guests' processing ceilings within what the owner
/// leaves of the threshold, cuts at once when the owner needs more, and gives back slowly.
///
/// Every decision looks at a window of the last five ticks, so that a burst of one or two ticks, which guests at the lowest
/// weight yield to anyway, moves nothing:
///
/// - *Lower*: when the ceilings exceed threshold minus the median of the owner's usage, or owner and guests
///   together exceeded the threshold in three ticks of the window, ceilings are cut to what is left, in
///   proportion to the leases and never below ``Configuration/minimum``.
/// - *Raise*: once a ``Configuration/stepInterval``, by ``Configuration/step`` of the lease, while threshold minus the window's
///   *highest* owner usage leaves more than ``Configuration/hysteresis`` above the ceilings.
///
/// The distance between what lowers and what raises is why a steady or noisy owner does not make ceilings flap.
package struct Governor: Sendable {
    package struct Configuration: Hashable, Sendable {
        /// What the node has.
        package var capacity: Amounts
        /// The owner's upper bound for owner and guests together.
        package var threshold: Amounts
        /// How many of the window's ticks must exceed the threshold before the governor cuts.
        package var actsOn = 3
        /// How many ticks the governor looks back.
        package var window = 5
        /// What is given back in one step, as a share of the lease.
        package var step = BasisPoints.percent(10)
        package var stepInterval = Microseconds.seconds(1)
        /// The room that must be free before anything is given back, as a share of the capacity.
        package var hysteresis = BasisPoints.percent(5)
        /// No ceiling is cut below this, so that no job dies of it.
        package var minimum: Millicores = 10

        package init(capacity: Amounts, threshold: Amounts) {
            self.capacity = capacity
            self.threshold = threshold
        }
    }

    struct Guest: Hashable, Sendable {
        var limit: Millicores
        var ceiling: Millicores
        var rung: Rung
    }

    package private(set) var configuration: Configuration
    var guests: [LeaseID: Guest] = [:]
    private var owner: Window<Amounts>
    private var excess: Window<Amounts>
    private var lastStep: Instant?
    private var memoryExcess: Bytes = .zero

    package init(_ configuration: Configuration) {
        self.configuration = configuration
        owner = Window(limit: configuration.window)
        excess = Window(limit: configuration.window)
    }

    /// The ceiling now in force, `nil` for a lease that is not open.
    package func ceiling(of lease: LeaseID) -> Millicores? { guests[lease]?.ceiling }

    package func rung(of lease: LeaseID) -> Rung? { guests[lease]?.rung }

    /// The open leases in the order of their ids.
    package var leases: [LeaseID] { guests.keys.sorted() }

    /// Takes another threshold or capacity; ceilings follow at once if they must fall.
    package mutating func reconfigure(_ configuration: Configuration) -> [Directive] {
        self.configuration = configuration
        owner = owner.resized(to: configuration.window)
        excess = excess.resized(to: configuration.window)
        return lower(to: room(besides: median(of: \.cpu)), because: "the threshold changed")
    }

    /// Takes on a lease, or another limit for one that is open. What the limit grows by is available at once where there
    /// is room; what was cut before stays cut until it is given back step by step.
    ///
    /// - Parameter cut: The ceiling to begin with, for a lease that was cut before the governor was restarted.
    package mutating func open(_ lease: LeaseID, limit: Millicores, at cut: Millicores? = nil) -> [Directive] {
        let old = guests[lease]
        let grown = old.map { $0.ceiling + max(limit - $0.limit, .zero) } ?? cut ?? limit
        var guest = Guest(limit: limit, ceiling: min(grown, limit), rung: old?.rung ?? .shaped)
        if old == nil { guest.rung = rung(of: guest, at: guest.ceiling) }
        guests[lease] = guest
        let set: [Directive] = guest.ceiling == old?.ceiling ? [] : [.setCeiling(lease, guest.ceiling)]
        return set + lower(to: room(besides: median(of: \.cpu)), because: "a lease was added")
    }

    package mutating func close(_ lease: LeaseID) { guests[lease] = nil }

    /// Takes the readings of one tick and says what to change.
    package mutating func tick(_ readings: Readings, at now: Instant) -> [Directive] {
        owner.append(readings.owner)
        excess.append((readings.total - configuration.threshold).clampedToZero)
        var directives = watchMemory()
        let overruns = excess.count { $0.cpu > .zero }
        if overruns >= configuration.actsOn {
            directives += lower(
                to: room(besides: peak(of: \.cpu)), readings,
                because: "owner and guests exceeded the threshold in \(overruns) of \(configuration.window) ticks")
            lastStep = now
        } else {
            directives += lower(to: room(besides: median(of: \.cpu)), readings, because: "the owner uses more")
            directives += raise(readings, at: now)
        }
        return directives
    }
}

extension Governor {
    /// What the threshold leaves for guests when the owner uses `usage`.
    private func room(besides usage: Millicores) -> Millicores {
        max(min(configuration.threshold.cpu, configuration.capacity.cpu) - usage, .zero)
    }

    /// Readings that are still missing from the window count as none used, so that a start is like a quiet second before.
    private func median(of resource: (Amounts) -> Millicores) -> Millicores {
        let missing = [Millicores](repeating: .zero, count: configuration.window - owner.elements.count)
        return (missing + owner.elements.map(resource)).sorted()[configuration.window / 2]
    }

    private func peak(of resource: (Amounts) -> Millicores) -> Millicores { owner.elements.map(resource).max() ?? .zero }

    private var sum: Millicores { guests.values.reduce(.zero) { $0 + $1.ceiling } }

    /// Cuts the ceilings in proportion to the leases until they fit `room`; leaves them alone when they do.
    private mutating func lower(to room: Millicores, _ readings: Readings? = nil, because reason: String) -> [Directive] {
        guard sum > room else { return [] }
        let shares = Self.share(room, among: guests.mapValues(\.limit), minimum: configuration.minimum)
        return apply(leases.map { ($0, min(shares[$0] ?? .zero, guests[$0]?.ceiling ?? .zero)) }, readings, because: reason)
    }

    /// Gives every cut lease one step back, if the owner has left enough room for the whole window.
    private mutating func raise(_ readings: Readings, at now: Instant) -> [Directive] {
        guard now - (lastStep ?? now) >= configuration.stepInterval else {
            lastStep = lastStep ?? now
            return []
        }
        lastStep = now
        let room = room(besides: peak(of: \.cpu))
        guard sum + configuration.hysteresis.of(configuration.capacity.cpu) <= room else { return [] }
        var left = room - sum
        var raised: [(LeaseID, Millicores)] = []
        for lease in leases {
            guard let guest = guests[lease], guest.ceiling < guest.limit else { continue }
            let step = min(max(configuration.step.of(guest.limit), 1), guest.limit - guest.ceiling, left)
            raised.append((lease, guest.ceiling + step))
            left = left - step
        }
        return apply(raised, readings, because: "the owner leaves room again")
    }

    private mutating func apply(
        _ ceilings: [(LeaseID, Millicores)], _ readings: Readings?, because reason: String
    ) -> [Directive] {
        var directives: [Directive] = []
        for (lease, ceiling) in ceilings {
            guard var guest = guests[lease], guest.ceiling != ceiling else { continue }
            let evidence = Evidence(
                owner: readings?.owner ?? owner.elements.last ?? .zero, guests: readings?.guestUsage ?? .zero,
                threshold: configuration.threshold, before: guest.ceiling, after: ceiling)
            let rung = rung(of: guest, at: ceiling)
            directives.append(.setCeiling(lease, ceiling))
            if rung != guest.rung {
                directives.append(
                    .moved(RungChange(lease: lease, from: guest.rung, to: rung, reason: reason, evidence: evidence)))
            }
            guest.ceiling = ceiling
            guest.rung = rung
            guests[lease] = guest
        }
        return directives
    }

    /// A ceiling within the hysteresis of the limit does not count as throttled.
    private func rung(of guest: Guest, at ceiling: Millicores) -> Rung {
        ceiling < guest.limit - configuration.hysteresis.of(guest.limit) ? .throttled : .shaped
    }

    private mutating func watchMemory() -> [Directive] {
        let overruns = excess.count { $0.memory > .zero }
        let current = overruns >= configuration.actsOn ? excess.elements.map(\.memory).max() ?? .zero : .zero
        let isOver = overruns == 0
        guard (memoryExcess == .zero && current > .zero) || (memoryExcess > .zero && isOver) else { return [] }
        memoryExcess = current
        return [.memoryShort(excess: current)]
    }

    /// Shares `room` out in proportion to `limits`. Everyone gets the minimum first (or the limit, if that is less), so the
    /// sum exceeds `room` only where the minimums alone do.
    static func share(
        _ room: Millicores, among limits: [LeaseID: Millicores], minimum: Millicores
    ) -> [LeaseID: Millicores] {
        let bases = limits.mapValues { min($0, minimum) }
        let base = bases.values.reduce(.zero, +)
        let wanted = limits.values.reduce(.zero, +) - base
        let available = min(max(room - base, .zero), wanted)
        guard wanted > .zero else { return bases }
        return limits.reduce(into: [:]) { shares, entry in
            let own = bases[entry.key] ?? .zero
            shares[entry.key] = own + (entry.value - own).scaled(by: available.rawValue, over: wanted.rawValue)
        }
    }
}
