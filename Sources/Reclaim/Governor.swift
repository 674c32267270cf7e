import Resources

/// Processing: keeps the sum of all guests' ceilings within what the owner leaves of the threshold, cuts at once when the owner
/// needs more, and gives back slowly.
///
/// Every decision looks at a window of the last five ticks, so that a burst of one or two ticks, which guests at the lowest
/// weight yield to anyway, moves nothing:
///
/// - *Lower*: when the ceilings exceed threshold minus the median of the owner's usage, or owner and guests
///   together exceeded the threshold in three ticks of the window, ceilings are cut to what is left, in
///   proportion to the leases and never below ``Enforcer/Configuration/leastProcessing``. When the owner's work had to wait for
///   processors in three of them, they are halved.
/// - *Raise*: once a ``Enforcer/Configuration/stepInterval``, by ``Enforcer/Configuration/step`` of the lease, while threshold
///   minus the window's *highest* owner usage leaves more than ``Enforcer/Configuration/hysteresis`` above the ceilings.
///
/// The distance between what lowers and what raises is why a steady or noisy owner does not make ceilings flap.
struct Governor: Sendable {
    struct Guest: Hashable, Sendable {
        var limit: Millicores
        var ceiling: Millicores
        /// It does not run: its ceiling is nobody's burden.
        var isFrozen = false
        /// It saves what it has, and gets no more for that.
        var isEnding = false
    }

    private(set) var guests: [LeaseID: Guest] = [:]
    private var configuration: Enforcer.Configuration
    private var threshold: Millicores
    private var owner: Window<Millicores>
    private var excess: Window<Bool>
    private var strain: Window<Bool>
    private var overrun: Window<Bool>
    private var lastStep: Instant?
    /// Whether guests kept to their ceilings in the last tick.
    private var isObeyed = true

    init(_ configuration: Enforcer.Configuration) {
        self.configuration = configuration
        threshold = configuration.thresholds.standard.cpu
        owner = Window(limit: configuration.window)
        excess = Window(limit: configuration.window)
        strain = Window(limit: configuration.window)
        overrun = Window(limit: configuration.window)
    }

    func ceiling(of lease: LeaseID) -> Millicores { guests[lease]?.ceiling ?? .zero }

    /// Takes another capacity or threshold; ceilings follow at once if they must fall.
    mutating func reconfigure(_ configuration: Enforcer.Configuration, threshold: Millicores) {
        self.configuration = configuration
        self.threshold = threshold
        lower(to: room(besides: median))
    }

    /// Takes on a lease, or another limit for one that is open. What the limit grows by is available at once where there
    /// is room; what was cut before stays cut until it is given back step by step.
    ///
    /// - Parameter cut: The ceiling to begin with, for a lease that was cut before the enforcer was restarted.
    mutating func open(_ lease: LeaseID, limit: Millicores, at cut: Millicores?) {
        let old = guests[lease]
        let grown = old.map { $0.ceiling + max(limit - $0.limit, .zero) } ?? cut ?? limit
        guests[lease] = Guest(
            limit: limit, ceiling: min(grown, limit), isFrozen: old?.isFrozen ?? false, isEnding: old?.isEnding ?? false)
        #if Defects
            if Defect.active == .ceilingDoubled { guests[lease]?.ceiling = limit + limit }
        #endif
        lower(to: room(besides: median))
    }

    mutating func close(_ lease: LeaseID) { guests[lease] = nil }

    /// A lease that goes on begins with the least, wherever it was before.
    mutating func setFrozen(_ lease: LeaseID, _ isFrozen: Bool) {
        guard var guest = guests[lease], guest.isFrozen != isFrozen else { return }
        guest.isFrozen = isFrozen
        guest.ceiling = min(guest.limit, configuration.leastProcessing)
        guests[lease] = guest
    }

    /// A lease that was told to end goes on with the least, whatever room there is: the more it has, the more it can come to hold by
    /// then.
    mutating func setEnding(_ lease: LeaseID, _ isEnding: Bool) {
        guard var guest = guests[lease], guest.isEnding != isEnding else { return }
        guest.isEnding = isEnding
        guest.ceiling = min(guest.ceiling, most(of: guest))
        guests[lease] = guest
    }

    /// - Returns: what became of it; the reason is for ceilings that were cut.
    mutating func tick(_ tick: Tick) -> Judgement {
        threshold = tick.threshold.cpu
        owner.append(tick.readings.owner.cpu)
        excess.append(tick.readings.total.cpu > threshold)
        strain.append(tick.isStrained(.cpu))
        // what was used was used under the ceilings of before
        isObeyed = tick.readings.guestUsage.cpu <= sum + margin
        let wasAtLeast = isAtLeast
        let reason = steer(at: tick.now)
        return Judgement(verdict(tick.readings, wasAtLeast: wasAtLeast), reason)
    }

    private mutating func steer(at now: Instant) -> String? {
        let overruns = excess.count { $0 }
        if overruns >= configuration.actsOn {
            lastStep = now
            let hasCut = lower(to: room(besides: peak))
            return hasCut
                ? "owner and guests exceeded the threshold in \(overruns) of \(configuration.window) ticks" : nil
        }
        let waits = strain.count { $0 }
        if waits >= configuration.actsOn {
            lastStep = now
            strain = Window(limit: configuration.window)
            return lower(to: Millicores(sum.rawValue / 2))
                ? "the owner's work waited for processors in \(waits) of \(configuration.window) ticks" : nil
        }
        if lower(to: room(besides: median)) { return "the owner uses more" }
        raise(at: now)
        return nil
    }
}

// MARK: Room

extension Governor {
    /// What the threshold leaves for guests when the owner uses `usage`.
    private func room(besides usage: Millicores) -> Millicores {
        max(min(threshold, configuration.capacity.cpu) - usage, .zero)
    }

    /// Readings that are still missing from the window count as none used, so that a start is like a quiet second before.
    private var median: Millicores {
        let missing = [Millicores](repeating: .zero, count: configuration.window - owner.elements.count)
        return (missing + owner.elements).sorted()[configuration.window / 2]
    }

    private var peak: Millicores { owner.elements.max() ?? .zero }

    private var running: [LeaseID: Guest] { guests.filter { !$0.value.isFrozen } }
    private var sum: Millicores { running.values.reduce(.zero) { $0 + $1.ceiling } }

    private func least(of guest: Guest) -> Millicores { min(guest.limit, configuration.leastProcessing) }
    private func most(of guest: Guest) -> Millicores { guest.isEnding ? least(of: guest) : guest.limit }
    private var margin: Millicores { configuration.hysteresis.of(configuration.capacity.cpu) }

    private var isAtLeast: Bool { running.values.allSatisfy { $0.ceiling <= least(of: $0) } }

    /// What a guest counts when the least is asked of all: that, or more where ceilings do not bite.
    func weight(of guest: GuestReading) -> Int64 {
        let least = guests[guest.lease].map { self.least(of: $0) } ?? Millicores.zero
        return (isObeyed ? least : max(least, guest.usage.cpu)).rawValue
    }

    /// Ceilings are at their least, or do not bite, and it is still too much in three ticks of the window.
    private mutating func verdict(_ readings: Readings, wasAtLeast: Bool) -> Verdict {
        let burden = Millicores(readings.guests.reduce(0) { $0 + weight(of: $1) })
        let left = room(besides: owner.elements.last ?? .zero)
        overrun.append(burden > left && (wasAtLeast || !isObeyed))
        let overruns = overrun.count { $0 }
        if overruns >= configuration.actsOn, burden > left {
            let why = isObeyed ? "the owner leaves less than guests need at least" : "guests use more than their ceilings allow"
            return .over(
                excess: (burden - left).rawValue, isCritical: false,
                reason: "\(why), in \(overruns) of \(configuration.window) ticks")
        }
        return burden + margin <= room(besides: peak) ? .relieved : .within
    }
}

// MARK: Ceilings

extension Governor {
    /// Cuts the ceilings in proportion to the leases until they fit `room`; leaves them alone when they do.
    ///
    /// - Returns: whether any was cut.
    @discardableResult
    private mutating func lower(to room: Millicores) -> Bool {
        #if Defects
            if Defect.active == .thresholdReversed, sum > room { return false }
        #endif
        guard sum > room else { return false }
        let before = guests
        let shares = Self.share(room, among: running.mapValues(\.limit), minimum: configuration.leastProcessing)
        for (lease, share) in shares where share < ceiling(of: lease) { guests[lease]?.ceiling = share }
        return guests != before
    }

    /// Gives every cut lease one step back, if the owner has left enough room for the whole window.
    private mutating func raise(at now: Instant) {
        guard now - (lastStep ?? now) >= configuration.stepInterval else {
            lastStep = lastStep ?? now
            return
        }
        lastStep = now
        let room = room(besides: peak)
        guard sum + margin <= room, !strain.elements.contains(true) else { return }
        var left = room - sum
        for lease in running.keys.sorted() {
            guard let guest = guests[lease], guest.ceiling < most(of: guest) else { continue }
            let step = min(max(configuration.step.of(guest.limit), 1), most(of: guest) - guest.ceiling, left)
            guests[lease]?.ceiling = guest.ceiling + step
            left = left - step
        }
    }

    /// Whether a lease is noticeably below what it was granted.
    func isCut(_ lease: LeaseID) -> Bool {
        guests[lease].map { $0.ceiling < $0.limit - configuration.hysteresis.of($0.limit) } ?? false
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
