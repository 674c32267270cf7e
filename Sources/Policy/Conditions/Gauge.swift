import Resources

/// What a condition can compare: one reading of the machine, with the unit it is counted in.
package enum Gauge: String, Hashable, Codable, Sendable, CaseIterable {
    /// What the owner uses of the processing capacity, guests left out.
    case cpuUtilisation = "cpu.utilisation"
    /// The same in cores.
    case cpuUsed = "cpu.used"
    /// What the owner uses of the memory capacity, guests left out.
    case memoryUtilisation = "memory.utilisation"
    /// Memory that can be had without swapping, on the whole machine.
    case memoryFree = "memory.free"
    /// The full part of the file system that holds the agent's data.
    case diskUtilisation = "disk.utilisation"
    /// Free space there.
    case diskFree = "disk.free"
    /// The one-minute load average without the part that guests make up.
    case load = "load"
    /// The same, divided by the number of cores.
    case loadPerCore = "load.per_core"
    /// The share of the last ten seconds in which some task waited for a processor (pressure-stall information).
    case cpuPressure = "pressure.cpu"
    /// The same for memory.
    case memoryPressure = "pressure.memory"
    /// The same for disk and other input and output.
    case ioPressure = "pressure.io"
    /// Users who are logged in.
    case users = "users"
    /// The time since any of them typed something; the time since boot when nobody is logged in.
    case usersIdle = "users.idle"
    /// Where the machine's power comes from; ``PowerSource``.
    case power = "power"
    /// How full the battery is.
    case batteryCharge = "battery.charge"
    /// What is used of the network links' capacity, in the busier direction.
    case networkUtilisation = "network.utilisation"
    /// What is free of it.
    case networkSpare = "network.spare"

    /// The unit of a gauge, and with it how its values are written.
    package enum Kind: Hashable, Sendable {
        /// Hundredths of a percent.
        case share
        /// Thousandths of a core.
        case cores
        case bytes
        /// Thousandths.
        case number
        case count
        /// Microseconds.
        case span
        /// Bits per second.
        case rate
        /// A position in ``PowerSource``'s cases.
        case source
    }

    package var kind: Kind {
        switch self {
        case .cpuUtilisation, .memoryUtilisation, .diskUtilisation, .cpuPressure, .memoryPressure, .ioPressure, .batteryCharge,
            .networkUtilisation:
            .share
        case .cpuUsed: .cores
        case .memoryFree, .diskFree: .bytes
        case .load, .loadPerCore: .number
        case .users: .count
        case .usersIdle: .span
        case .power: .source
        case .networkSpare: .rate
        }
    }
}

extension Gauge {
    /// Every reading there can be.
    package var range: ClosedRange<Int64> {
        switch kind {
        case .share: 0...BasisPoints.whole.rawValue
        case .source: PowerSource.mains.reading...PowerSource.battery.reading
        case .cores, .bytes, .number, .count, .span, .rate: 0...Int64.max
        }
    }
}

/// Where a machine's power comes from.
package enum PowerSource: String, Hashable, Codable, Sendable, CaseIterable {
    case mains, battery

    /// The value of ``Gauge/power``.
    package var reading: Int64 { self == .mains ? 0 : 1 }
}

extension Gauge.Kind {
    /// Words that may follow a number after a space.
    var units: Set<String> {
        switch self {
        case .share, .number, .count, .source: []
        case .cores: ["core", "cores", "m", "mcore", "mcores", "millicores"]
        case .bytes: ["b", "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "k", "m", "g", "t"]
        case .span:
            [
                "us", "ms", "s", "sec", "second", "seconds", "m", "min", "minute", "minutes", "h", "hour", "hours", "d", "day",
                "days",
            ]
        case .rate: ["bit/s", "kbit/s", "mbit/s", "gbit/s"]
        }
    }

    /// Reads a value as people write it, such as `30%`, `4 GiB`, `5 min`, `100 Mbit/s`, `mains`.
    package func value(of text: String) throws(TextError) -> Int64 {
        switch self {
        case .share: try BasisPoints(text: text).rawValue
        case .cores: try Millicores(text: text).rawValue
        case .bytes: try Bytes(text: text).rawValue
        case .number: try Load(text: text).rawValue
        case .count: try Self.count(text)
        case .span: try Microseconds(text: text).rawValue
        case .rate: try BitsPerSecond(text: text).rawValue
        case .source: try Self.source(text)
        }
    }

    private static func count(_ text: String) throws(TextError) -> Int64 {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(text) else {
            throw TextError("'\(text.prefix(64))' is not understood: write a whole number")
        }
        return count
    }

    private static func source(_ text: String) throws(TextError) -> Int64 {
        guard let source = PowerSource(rawValue: text) else {
            throw TextError("'\(text.prefix(64))' is not understood: write mains or battery")
        }
        return source.reading
    }

    /// A value exactly, as it can be read back.
    package func text(of value: Int64) -> String {
        switch self {
        case .share: BasisPoints(value).text
        case .cores: Millicores(value).text
        case .bytes: Bytes(value).text
        case .number: Load(value).text
        case .count: String(value)
        case .span: Microseconds(value).text
        case .rate: BitsPerSecond(value).text
        case .source: value == PowerSource.mains.reading ? PowerSource.mains.rawValue : PowerSource.battery.rawValue
        }
    }

    /// A reading to three digits, for people.
    package func shortText(of value: Int64) -> String {
        switch self {
        case .share: BasisPoints(value).shortText
        case .cores: Millicores(value).shortText
        case .bytes: Bytes(value).shortText
        case .number: Load(value).shortText
        case .count, .source: text(of: value)
        case .span: Microseconds(value).shortText
        case .rate: BitsPerSecond(value).shortText
        }
    }
}
