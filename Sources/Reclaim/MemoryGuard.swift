import Resources

/// Memory: what guests hold cannot be cut without killing them, so they are first kept from growing.
///
/// - *Brake*: when owner and guests together exceeded the threshold in three ticks of the window, every guest is slowed down
///   where it wants more than it holds.
/// - *Over*: when that did not help for a whole window, or the owner's work had to wait for memory in three ticks of it. At once,
///   and critical, when less than ``Enforcer/Configuration/reserve`` can be had.
/// - *Relieved*: when a whole window stayed below the threshold by more than the hysteresis.
struct MemoryGuard: Sendable {
    private var configuration: Enforcer.Configuration
    private var excess: Window<Bytes>
    private var strain: Window<Bool>
    private var isRoomy: Window<Bool>
    private var brakedAt: Instant?
    /// When it was last out of range.
    private var lastShort: Instant?

    init(_ configuration: Enforcer.Configuration) {
        self.configuration = configuration
        excess = Window(limit: configuration.window)
        strain = Window(limit: configuration.window)
        isRoomy = Window(limit: configuration.window)
    }

    /// Whether guests are kept from growing.
    var isBraking: Bool { brakedAt != nil }

    /// By how much the threshold is exceeded, zero while it is not for long enough.
    private(set) var shortage: Bytes = .zero

    mutating func reconfigure(_ configuration: Enforcer.Configuration) { self.configuration = configuration }

    /// - Returns: what became of it; the reason is for braking, if that begins now.
    mutating func tick(_ tick: Tick) -> Judgement {
        observe(tick)
        let overruns = excess.count { $0 > .zero }
        // what was too much before some lease ended is not held against the others
        shortage = overruns >= configuration.actsOn ? excess.elements.last ?? .zero : .zero
        if let critical = critical(tick.readings) {
            return Judgement(
                .over(excess: critical.excess, isCritical: true, reason: critical.reason), brake(critical.reason, at: tick.now))
        }
        if strain.count(where: { $0 }) >= configuration.actsOn {
            // how much would help is not known: a little at a time
            let some = max(shortage, margin)
            let reason = "the owner's work waited for memory in \(configuration.actsOn) of \(configuration.window) ticks"
            return Judgement(.over(excess: some.rawValue, isCritical: false, reason: reason), brake(reason, at: tick.now))
        }
        guard shortage > .zero else { return Judgement(release(at: tick.now)) }
        let reason = "owner and guests exceeded the memory threshold in \(overruns) of \(configuration.window) ticks"
        let since = brakedAt
        let begun = brake(reason, at: tick.now)
        guard let since, tick.now - since >= configuration.stepInterval else { return Judgement(.within, begun) }
        return Judgement(.over(excess: shortage.rawValue, isCritical: false, reason: reason), begun)
    }

    private var margin: Bytes { configuration.hysteresis.of(configuration.capacity.memory) }

    private mutating func observe(_ tick: Tick) {
        let (total, threshold) = (tick.readings.total.memory, tick.threshold.memory)
        excess.append(max(total - threshold, .zero))
        strain.append(tick.isStrained(.memory))
        isRoomy.append(total + margin <= threshold)
    }

    private func critical(_ readings: Readings) -> (excess: Int64, reason: String)? {
        guard let available = readings.available, available < configuration.reserve else { return nil }
        let reason = "only \(available.text) of memory can be had, of \(configuration.reserve.text) that are kept free"
        return ((configuration.reserve - available).rawValue, reason)
    }

    /// - Returns: the reason, if braking begins now.
    private mutating func brake(_ reason: String, at now: Instant) -> String? {
        lastShort = now
        guard brakedAt == nil else { return nil }
        brakedAt = now
        return reason
    }

    private mutating func release(at now: Instant) -> Verdict {
        guard isRoomy.elements.allSatisfy({ $0 }), !strain.elements.contains(true) else { return .within }
        if now - (lastShort ?? now) >= configuration.dwell { brakedAt = nil }
        return .relieved
    }
}
