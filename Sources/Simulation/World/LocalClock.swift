import Resources

/// The clocks of a simulated machine: one that counts from its boot, and civil time. Both go at a rate of their own; the first
/// never jumps.
struct LocalClock {
    private var boots = 1
    private var partsPerMillion: Int64 = 0
    /// When the rate was last set, by the world's time and by this clock.
    private var since = (world: Instant(microseconds: 0), here: Instant(microseconds: 0))
    /// How far civil time is ahead of where this clock would have it.
    private var ahead = Microseconds.zero

    var boot: BootID { BootID("boot-\(boots)") }

    /// What it shows.
    func instant(at world: Instant) -> Instant {
        let elapsed = (world - since.world).rawValue
        return since.here + Microseconds(elapsed + Int64(Int128(elapsed) * Int128(partsPerMillion) / 1_000_000))
    }

    /// - Parameter epoch: civil time at the world's beginning, in microseconds of UTC.
    func moment(at world: Instant, epoch: Int64) -> Moment {
        let instant = instant(at: world)
        return Moment(boot: boot, instant: instant, utc: Timestamp(microseconds: epoch + instant.microseconds) + ahead)
    }

    /// When it shall show `instant`, not before.
    func world(showing instant: Instant) -> Instant {
        let elapsed = Int128((instant - since.here).rawValue)
        let rate = Int128(1_000_000 + partsPerMillion)
        return since.world + Microseconds(Int64((elapsed * 1_000_000 + (elapsed > 0 ? rate - 1 : 0)) / rate))
    }

    mutating func step(by span: Microseconds) { ahead = ahead + span }

    mutating func setRate(_ partsPerMillion: Int64, at world: Instant) {
        since = (world, instant(at: world))
        self.partsPerMillion = partsPerMillion
    }

    /// The machine starts anew: the clock since boot begins at nought, civil time goes on.
    mutating func reboot(at world: Instant) {
        let here = instant(at: world)
        boots += 1
        since = (world, Instant(microseconds: 1_000_000))
        ahead = ahead + (here - since.here)
    }
}
