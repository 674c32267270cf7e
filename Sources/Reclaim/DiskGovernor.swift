import Resources

/// Disks: what they can do is not known, so the guests' share is found by trying. When the owner's work had to wait for them in
/// three ticks of the window, guests together get half of what they moved; once it waits less, a tenth more each second.
/// (Additive increase, multiplicative decrease: Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion
/// Avoidance in Computer Networks", 1989; the increase here is a share, as the scale of the disk is not known.)
struct DiskGovernor: Sendable {
    private var configuration: Enforcer.Configuration
    private var strain: Window<Bool>
    /// What all guests moved each second.
    private var rates: Window<Bytes>
    private var lastChange: Instant?
    /// What all guests together may move each second; `nil`: as much as they can.
    private(set) var budget: Bytes?
    private var leases = 0

    init(_ configuration: Enforcer.Configuration) {
        self.configuration = configuration
        strain = Window(limit: configuration.window)
        rates = Window(limit: configuration.window)
    }

    mutating func reconfigure(_ configuration: Enforcer.Configuration) { self.configuration = configuration }

    /// The part of the budget that one lease gets: the same for all, since nobody has bought more of the disk than others.
    var limit: Bytes? {
        budget.map { max(Bytes($0.rawValue / Int64(max(leases, 1))), configuration.leastDiskRate) }
    }

    private var least: Bytes { configuration.leastDiskRate * Int64(max(leases, 1)) }

    /// - Returns: what became of it; the reason is for a budget that was cut.
    mutating func tick(_ tick: Tick, running: Int) -> Judgement {
        leases = running
        strain.append(tick.isStrained(.disk))
        rates.append(tick.readings.guests.reduce(.zero) { $0 + ($1.diskRate ?? .zero) })
        let isDue = lastChange.map { tick.now - $0 >= configuration.stepInterval } ?? true
        let waits = strain.count { $0 }
        if waits >= configuration.actsOn {
            let reason = "the owner's work waited for disks in \(waits) of \(configuration.window) ticks"
            return isDue ? cut(because: reason, at: tick.now) : Judgement(.within)
        }
        guard waits == 0 else { return Judgement(.within) }
        if isDue { raise(at: tick.now) }
        return Judgement(.relieved)
    }

    private mutating func cut(because reason: String, at now: Instant) -> Judgement {
        let moved = rates.elements.max() ?? .zero
        // guests that move nothing are not what the owner waits for
        guard moved > .zero, leases > 0 else { return Judgement(.within) }
        if let budget, budget <= least {
            return Judgement(.over(excess: max(moved.rawValue / 2, 1), isCritical: false, reason: reason))
        }
        lastChange = now
        budget = max(min(moved, budget ?? moved).scaled(by: 1, over: 2), least)
        return Judgement(.within, reason)
    }

    private mutating func raise(at now: Instant) {
        guard let old = budget else { return }
        lastChange = now
        let raised = old + max(configuration.step.of(old), configuration.leastDiskRate)
        // a bound that nobody has come near for a while bounds nothing
        let isIdle = (rates.elements.max() ?? .zero) * 4 < raised
        budget = isIdle && old > least * 8 ? nil : raised
    }
}
