import Resources

/// A forecaster outlives its program: some kilobytes that say all it knows.
extension UsageForecaster {
    private static let kind = "surplus usage forecaster"

    package var bytes: [UInt8] {
        var writer = CanonicalWriter(kind: Self.kind)
        writer.write(seen)
        writer.write(seenSinceGap)
        writer.write(Int64(missed))
        levels.write(to: &writer)
        trend.write(to: &writer)
        return writer.bytes
    }

    /// - Throws: ``CanonicalReader/Malformed`` when these are not the bytes of a forecaster of this version.
    package init(bytes: [UInt8]) throws(CanonicalReader.Malformed) {
        var reader = try CanonicalReader(bytes, kind: Self.kind)
        self.init(
            seen: try reader.count(), seenSinceGap: try reader.count(),
            missed: Int(min(try reader.count(), Int64(Self.longestGap) + 1)), levels: try LevelHistory(&reader),
            trend: try Trend(&reader))
        try reader.finish()
    }
}

extension UsageForecaster: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let bytes = Hexadecimal.decode(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not hexadecimal digits")
        }
        try self.init(bytes: bytes)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Hexadecimal.encode(bytes))
    }
}

extension LevelHistory {
    fileprivate func write(to writer: inout CanonicalWriter) {
        writer.write(ages.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] })
        for memory in shares { writer.write(memory.flatMap { share in [24, 16, 8, 0].map { UInt8(share >> $0 & 0xff) } }) }
    }

    fileprivate init(_ reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        let ages = try reader.words(UInt16.self, 1...UInt16(Self.longestAge + 1))
        var shares: [[UInt32]] = []
        for _ in Self.memories { shares.append(try reader.words(UInt32.self, 0...UInt32(Self.whole))) }
        self.init(ages: ages, shares: shares)
    }
}

extension Trend {
    fileprivate func write(to writer: inout CanonicalWriter) {
        for value in [latest, step, scaledMean, scaledVolatility] { writer.write(value) }
    }

    fileprivate init(_ reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        let whole = BasisPoints.whole.rawValue
        self.init(
            latest: try reader.integer(in: 0...whole), step: try reader.integer(in: -whole...whole),
            scaledMean: try reader.integer(in: 0...whole * Self.scale),
            scaledVolatility: try reader.integer(in: 0...whole * Self.scale))
    }
}

extension CanonicalReader {
    fileprivate mutating func integer(in range: ClosedRange<Int64>) throws(Malformed) -> Int64 {
        let value: Int64 = try integer()
        guard range.contains(value) else { throw Malformed(description: "\(value) where \(range) is possible") }
        return value
    }

    fileprivate mutating func count() throws(Malformed) -> Int64 { try integer(in: 0...1 << 48) }

    /// One word for each level, big-endian.
    fileprivate mutating func words<Word: FixedWidthInteger>(
        _: Word.Type, _ range: ClosedRange<Word>
    ) throws(Malformed) -> [Word] {
        let (width, levels) = (Word.bitWidth / 8, UsageLevels.all.count)
        let bytes = try data(atMost: width * levels)
        guard bytes.count == width * levels else { throw Malformed(description: "\(bytes.count) bytes for \(levels) levels") }
        let words = (0..<levels).map { level in
            bytes[level * width..<(level + 1) * width].reduce(Word.zero) { $0 << 8 | Word($1) }
        }
        guard words.allSatisfy(range.contains) else { throw Malformed(description: "a level's history is impossible") }
        return words
    }
}
