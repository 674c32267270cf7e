// What is kept and told from before disk was lent has none: a missing figure of it reads as zero, and zero is not written.

private enum ResourceKey: CodingKey { case cpu, memory, disk }

extension KeyedDecodingContainer<ResourceKey> {
    fileprivate func resources<CPU: Quantity, Memory: Quantity>() throws -> (CPU, Memory, Memory) {
        (
            try decode(CPU.self, forKey: .cpu), try decode(Memory.self, forKey: .memory),
            try decodeIfPresent(Memory.self, forKey: .disk) ?? .zero
        )
    }
}

extension Encoder {
    fileprivate func encode<Memory: Quantity>(_ cpu: some Quantity, _ memory: Memory, _ disk: Memory) throws {
        var container = self.container(keyedBy: ResourceKey.self)
        try container.encode(cpu, forKey: .cpu)
        try container.encode(memory, forKey: .memory)
        if disk != .zero { try container.encode(disk, forKey: .disk) }
    }
}

extension Amounts: Codable {
    package init(from decoder: any Decoder) throws {
        let (cpu, memory, disk): (Millicores, Bytes, Bytes) = try decoder.container(keyedBy: ResourceKey.self).resources()
        self.init(cpu: cpu, memory: memory, disk: disk)
    }

    package func encode(to encoder: any Encoder) throws { try encoder.encode(cpu, memory, disk) }
}

extension Usage: Codable {
    package init(from decoder: any Decoder) throws {
        let (cpu, memory, disk): (CoreMicroseconds, MiBSeconds, MiBSeconds) =
            try decoder.container(keyedBy: ResourceKey.self).resources()
        self.init(cpu: cpu, memory: memory, disk: disk)
    }

    package func encode(to encoder: any Encoder) throws { try encoder.encode(cpu, memory, disk) }
}

extension Prices: Codable {
    package init(from decoder: any Decoder) throws {
        let (cpu, memory, disk): (Microcredits, Microcredits, Microcredits) =
            try decoder.container(keyedBy: ResourceKey.self).resources()
        self.init(cpu: cpu, memory: memory, disk: disk)
    }

    package func encode(to encoder: any Encoder) throws { try encoder.encode(cpu, memory, disk) }
}

extension ResourceShares: Codable {
    package init(from decoder: any Decoder) throws {
        let (cpu, memory, disk): (BasisPoints, BasisPoints, BasisPoints) =
            try decoder.container(keyedBy: ResourceKey.self).resources()
        self.init(cpu: cpu, memory: memory, disk: disk)
    }

    package func encode(to encoder: any Encoder) throws { try encoder.encode(cpu, memory, disk) }
}
