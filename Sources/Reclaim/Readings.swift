package import Resources

/// What one tick of the sensors saw, on one machine.
package struct Readings: Hashable, Sendable {
    /// What the owner's own work used since the last tick: the mean over the tick for processing, the amount held
    /// for memory. Includes everything that is not a guest unless the owner's scope was narrowed.
    package var owner: Amounts
    /// The leases running here, in any order.
    package var guests: [GuestReading]

    package init(owner: Amounts, guests: [GuestReading]) {
        self.owner = owner
        self.guests = guests
    }

    /// What all guests used together.
    package var guestUsage: Amounts { guests.reduce(.zero) { $0 + $1.usage } }

    /// What the owner and the guests used together, to be held against the owner's threshold.
    package var total: Amounts { owner + guestUsage }
}

/// What one lease used since the last tick.
package struct GuestReading: Hashable, Sendable {
    package var lease: LeaseID
    /// The mean over the tick for processing, the amount held for memory.
    package var usage: Amounts
    /// How long the kernel held the guest back at its ceiling, summed over its processors.
    package var throttled: Microseconds

    package init(lease: LeaseID, usage: Amounts, throttled: Microseconds = .zero) {
        self.lease = lease
        self.usage = usage
        self.throttled = throttled
    }
}
