import Resources

/// What one tick of the sensors saw, on one machine.
package struct Readings: Hashable, Sendable {
    /// What the owner's own work used since the last tick: the mean over the tick for processing, the amount held
    /// for memory. Includes everything that is not a guest unless the owner's scope was narrowed.
    package var owner: Amounts
    /// The leases running here, in any order.
    package var guests: [GuestReading]
    /// How long the owner's work waited.
    package var pressure: Pressure
    /// The memory that could be had at once without swapping; `nil` where the kernel does not tell.
    package var available: Bytes?

    package init(
        owner: Amounts, guests: [GuestReading], pressure: Pressure = .unknown, available: Bytes? = nil
    ) {
        self.owner = owner
        self.guests = guests
        self.pressure = pressure
        self.available = available
    }

    /// What all guests used together.
    package var guestUsage: Amounts { guests.reduce(.zero) { $0 + $1.usage } }

    /// What all guests moved on disks each second; `nil` where none was looked at.
    package var diskRate: Bytes? {
        guests.compactMap(\.diskRate).reduce(nil) { ($0 ?? .zero) + $1 }
    }

    /// What the owner and the guests used together, to be held against the owner's threshold.
    package var total: Amounts { owner + guestUsage }
}

/// What one lease used since the last tick.
package struct GuestReading: Hashable, Sendable {
    package var lease: LeaseID
    /// The mean over the tick for processing, the amount held for memory.
    package var usage: Amounts
    /// What it read from and wrote to disks each second, the mean over the tick; `nil` where it was not looked at.
    package var diskRate: Bytes?

    package init(lease: LeaseID, usage: Amounts, diskRate: Bytes? = nil) {
        self.lease = lease
        self.usage = usage
        self.diskRate = diskRate
    }
}
