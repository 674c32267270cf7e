import Resources
import Testing

@Suite("Canonical documents")
struct CanonicalTests {
    /// A document with a field of every kind.
    private struct Sample: Equatable {
        var number: UInt64
        var amount: Microcredits
        var flag: Bool
        var id: LeaseID
        var data: [UInt8]
        var text: String
        var at: Timestamp

        init(using random: inout SeededGenerator) {
            number = random.next()
            amount = Microcredits(Int64(bitPattern: random.next()))
            flag = random.chance(.percent(50))
            id = LeaseID(high: random.next(), low: random.next())
            data = (0..<Int.random(in: 0...32, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            text = String(repeating: "ü", count: Int.random(in: 0...10, using: &random))
            at = Timestamp(microseconds: .random(in: -62_135_596_800_000_000..<253_402_300_800_000_000, using: &random))
        }

        init(_ bytes: [UInt8], kind: String = "test", version: UInt16 = 1) throws(CanonicalReader.Malformed) {
            var reader = try CanonicalReader(bytes, kind: kind, version: version)
            number = try reader.unsigned()
            amount = try reader.quantity()
            flag = try reader.bool()
            id = try reader.identifier()
            data = try reader.data(atMost: 32)
            text = try reader.string(atMost: 20)
            at = try reader.timestamp()
            try reader.finish()
        }

        var document: [UInt8] {
            var writer = CanonicalWriter(kind: "test")
            writer.write(number)
            writer.write(amount)
            writer.write(flag)
            writer.write(id)
            writer.write(data)
            writer.write(text)
            writer.write(at)
            return writer.bytes
        }
    }

    private func forEachSample(_ check: (Sample, [UInt8]) throws -> Void) throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<50 {
            let sample = Sample(using: &random)
            try check(sample, sample.document)
        }
    }

    @Test("What was written is read again")
    func roundTrip() throws {
        try forEachSample { sample, document in
            let read = try Sample(document)
            #expect(read == sample)
        }
    }

    @Test("A document cut off anywhere is refused")
    func truncated() throws {
        try forEachSample { _, document in
            for count in document.indices {
                #expect(throws: CanonicalReader.Malformed.self) { try Sample(Array(document[..<count])) }
            }
        }
    }

    @Test("Bytes behind the end are refused")
    func trailing() throws {
        try forEachSample { _, document in
            #expect(throws: CanonicalReader.Malformed.self) { try Sample(document + [0]) }
        }
    }

    @Test("No other bytes decode to the same document")
    func unique() throws {
        try forEachSample { sample, document in
            for index in document.indices {
                for change: UInt8 in [1, 0x80, 0xff] {
                    var other = document
                    other[index] ^= change
                    #expect((try? Sample(other)) != sample)
                }
            }
        }
    }

    @Test("A document of another kind or version is refused")
    func domains() throws {
        try forEachSample { _, document in
            #expect(throws: CanonicalReader.Malformed.self) { try Sample(document, kind: "tess") }
            #expect(throws: CanonicalReader.Malformed.self) { try Sample(document, version: 2) }
        }
    }

    @Test("A field longer than allowed is refused, whatever length it claims", arguments: [33, 1 << 16, UInt32.max])
    func oversized(_ count: UInt32) {
        var writer = CanonicalWriter(kind: "test")
        writer.write([UInt8](repeating: 7, count: 33))
        let start = writer.bytes.count - 37
        var bytes = writer.bytes
        for place in 0..<4 { bytes[start + place] = UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * place)) }
        #expect(throws: CanonicalReader.Malformed.self) {
            var reader = try CanonicalReader(bytes, kind: "test")
            _ = try reader.data(atMost: 32)
        }
    }

    @Test("Truth is 0 or 1, text is UTF-8")
    func onlyOneForm() throws {
        var writer = CanonicalWriter(kind: "test")
        writer.write([0xc3, 0x28])
        let bytes = writer.bytes
        #expect(throws: CanonicalReader.Malformed.self) {
            var reader = try CanonicalReader(bytes, kind: "test")
            _ = try reader.string(atMost: 10)
        }
        var flag = CanonicalWriter(kind: "test")
        flag.write(true)
        let two = flag.bytes.dropLast() + [2]
        #expect(throws: CanonicalReader.Malformed.self) {
            var reader = try CanonicalReader(Array(two), kind: "test")
            _ = try reader.bool()
        }
    }

    @Test("Random bytes are refused without a trap")
    func noise() {
        var random = SeededGenerator(seed: 12)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(throws: CanonicalReader.Malformed.self) { try Sample(bytes) }
        }
    }
}
