import Resources

/// What the owner uses of a machine, as lending decisions see it: the highest of the latest reading and two averages, so that
/// a burst counts at once and is forgotten slowly.
package struct OwnerUsage: Hashable, Codable, Sendable {
    private var latest = Amounts.zero
    private var cpu: [DecayingAverage<Millicores>]
    private var memory: [DecayingAverage<Bytes>]

    package init(halfLives: [Microseconds] = [.seconds(10), .minutes(2)]) {
        cpu = halfLives.map { DecayingAverage(halfLife: $0) }
        memory = halfLives.map { DecayingAverage(halfLife: $0) }
    }

    package mutating func record(_ usage: Amounts, at now: Instant) {
        latest = usage.clampedToZero
        for index in cpu.indices {
            cpu[index].record(latest.cpu, at: now)
            memory[index].record(latest.memory, at: now)
        }
    }

    /// What to count on the owner using.
    package var level: Amounts {
        Amounts(
            cpu: cpu.map(\.level).reduce(latest.cpu, max),
            memory: memory.map(\.level).reduce(latest.memory, max),
            // What is on a disk comes in no bursts.
            disk: latest.disk)
    }
}
