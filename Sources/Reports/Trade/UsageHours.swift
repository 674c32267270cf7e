import Resources

/// Usage in millionths of a core-hour and of GiB-hours, as people reckon with; exact figures are in JSON.
struct UsageHours: Hashable, Sendable {
    var cpu: Int64 = 0
    var memory: Int64 = 0
    var disk: Int64 = 0

    private static let coreMicroseconds: Int128 = 3600
    private static let mibSeconds: Int128 = 1024 * 3600

    static let zero = UsageHours()

    static func + (a: Self, b: Self) -> Self { Self(cpu: a.cpu + b.cpu, memory: a.memory + b.memory, disk: a.disk + b.disk) }

    /// Figures to stand below each other: what is left over by rounding down goes to those with the largest remainders, so that
    /// the rows of a table still add up.
    static func rounded(_ parts: [Usage]) -> [UsageHours] {
        let cpu = LargestRemainder.units(of: coreMicroseconds, in: parts.map { Int128($0.cpu.rawValue) })
        let memory = LargestRemainder.units(of: mibSeconds, in: parts.map { Int128($0.memory.rawValue) * 1_000_000 })
        let disk = LargestRemainder.units(of: mibSeconds, in: parts.map { Int128($0.disk.rawValue) * 1_000_000 })
        return parts.indices.map { UsageHours(cpu: cpu[$0], memory: memory[$0], disk: disk[$0]) }
    }

    var cpuText: String { millionths(cpu) }
    var memoryText: String { millionths(memory) }
    var diskText: String { millionths(disk) }
}

/// Millionths with all six places, so that figures stand below each other: `-0.016666`.
func millionths(_ value: Int64) -> String {
    let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
    let places = String(rest)
    return (value < 0 ? "-" : "") + "\(whole)." + String(repeating: "0", count: 6 - places.count) + places
}
