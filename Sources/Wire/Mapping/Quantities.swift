package import Resources

extension Amounts {
    /// What a message says, within ``Bounds``; a field left out is zero.
    package init(_ message: Surplus_V1_Amounts, _ field: String) throws(FieldError) {
        let cpu = try Field.integer(message.cpuMillicores, in: 0...Bounds.cpu.rawValue, field + ".cpu_millicores")
        let memory = try Field.integer(message.memoryBytes, in: 0...Bounds.memory.rawValue, field + ".memory_bytes")
        let disk = try Field.integer(message.diskBytes, in: 0...Bounds.disk.rawValue, field + ".disk_bytes")
        self.init(cpu: Millicores(cpu), memory: Bytes(memory), disk: Bytes(disk))
    }

    /// As ``init(_:_:)``, and something is asked for: disk by itself, or what is not disk.
    package init(positive message: Surplus_V1_Amounts, _ field: String) throws(FieldError) {
        try self.init(message, field)
        guard isPositive else { throw FieldError(field, "is empty, must ask for CPU, memory or disk") }
        guard !mixesDisk else { throw FieldError(field, "is refused: \(Self.mixingDisk)") }
    }
}

extension Surplus_V1_Amounts {
    package init(_ amounts: Amounts) {
        self = .with {
            $0.cpuMillicores = amounts.cpu.rawValue
            $0.memoryBytes = amounts.memory.rawValue
            $0.diskBytes = amounts.disk.rawValue
        }
    }
}

extension NoticeClass {
    package var wire: Surplus_V1_NoticeClass {
        switch self {
        case .elastic: .elastic
        case .standard: .standard
        case .notice: .notice
        case .firm: .firm
        }
    }
}

extension Prices {
    /// What a message says, within ``Bounds``; a field left out is free.
    package init(_ message: Surplus_V1_Prices, _ field: String) throws(FieldError) {
        let range = 0...Bounds.price.rawValue
        self.init(
            cpu: Microcredits(try Field.integer(message.cpuPerCoreHour, in: range, field + ".cpu_per_core_hour")),
            memory: Microcredits(try Field.integer(message.memoryPerGibHour, in: range, field + ".memory_per_gib_hour")),
            disk: Microcredits(try Field.integer(message.diskPerGibHour, in: range, field + ".disk_per_gib_hour")))
    }
}

extension Surplus_V1_Prices {
    package init(_ prices: Prices) {
        self = .with {
            $0.cpuPerCoreHour = prices.cpu.rawValue
            $0.memoryPerGibHour = prices.memory.rawValue
            $0.diskPerGibHour = prices.disk.rawValue
        }
    }
}

extension Usage {
    /// The most that a lease can have used: a hundred thousand cores for the longest term.
    private static let most = Usage(
        of: Amounts(cpu: .cores(100_000), memory: Bounds.memory, disk: Bounds.disk), for: Bounds.term)

    /// What a message says, up to ``most``.
    package init(_ message: Surplus_V1_Usage, _ field: String) throws(FieldError) {
        self.init(
            cpu: CoreMicroseconds(
                try Field.integer(message.cpuCoreMicroseconds, in: 0...Self.most.cpu.rawValue, field + ".cpu_core_microseconds")),
            memory: MiBSeconds(
                try Field.integer(message.memoryMibSeconds, in: 0...Self.most.memory.rawValue, field + ".memory_mib_seconds")),
            disk: MiBSeconds(
                try Field.integer(message.diskMibSeconds, in: 0...Self.most.disk.rawValue, field + ".disk_mib_seconds")))
    }
}

extension Surplus_V1_Usage {
    package init(_ usage: Usage) {
        self = .with {
            $0.cpuCoreMicroseconds = usage.cpu.rawValue
            $0.memoryMibSeconds = usage.memory.rawValue
            $0.diskMibSeconds = usage.disk.rawValue
        }
    }
}

extension Field {
    /// A lease's length: positive and within ``Bounds``.
    package static func term(_ value: Int64, _ field: String) throws(FieldError) -> Microseconds {
        Microseconds(try integer(value, in: 1...Bounds.term.rawValue, field))
    }

    /// A span of time that may have passed already: within ``Bounds`` in both directions.
    package static func span(_ value: Int64, _ field: String) throws(FieldError) -> Microseconds {
        Microseconds(try integer(value, in: -Bounds.term.rawValue...Bounds.term.rawValue, field))
    }

    /// An amount of money that is not negative.
    package static func money(_ value: Int64, _ field: String) throws(FieldError) -> Microcredits {
        Microcredits(try integer(value, in: 0...Bounds.money.rawValue, field))
    }

    /// A point in civil time between 1970 and 2200.
    package static func timestamp(_ value: Int64, _ field: String) throws(FieldError) -> Timestamp {
        Timestamp(microseconds: try integer(value, in: 0...Bounds.civilTime.upperBound.microseconds, field))
    }

    /// An identifier of the kind that is asked for.
    package static func identifier<Tag>(
        _ text: String, _ field: String, as _: Identifier<Tag>.Type = Identifier<Tag>.self
    ) throws(FieldError) -> Identifier<Tag> {
        guard let identifier = Identifier<Tag>(text) else {
            throw FieldError(field, text.isEmpty ? "is missing" : "is '\(text.prefix(64))', must be a \(Tag.prefix)_ id")
        }
        return identifier
    }

    /// A SHA-256 digest.
    package static func digest(_ bytes: some Collection<UInt8>, _ field: String) throws(FieldError) -> Digest {
        guard bytes.count == 32 else { throw FieldError(field, "has \(bytes.count) bytes, must be a SHA-256 digest of 32") }
        return Digest(Array(bytes))
    }

    /// A signature of at most 128 bytes.
    package static func signature(_ bytes: some Collection<UInt8>, _ field: String) throws(FieldError) -> Signature {
        guard (1...128).contains(bytes.count) else { throw FieldError(field, "has \(bytes.count) bytes, must be a signature") }
        return Signature(Array(bytes))
    }
}
