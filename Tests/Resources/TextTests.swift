import Resources
import Testing

@Suite("Quantities as text")
struct TextTests {
    @Test("People's spellings of a size mean the same", arguments: ["512 MiB", "512MiB", "512M", "512Mi", "512 mib", "0.5 GiB"])
    func sizes(_ text: String) throws {
        #expect(try Bytes(text: text) == .mebibytes(512))
    }

    @Test("Sizes with a capital B and no i count in thousands")
    func decimalSizes() throws {
        #expect(try Bytes(text: "2 MB") == Bytes(2_000_000))
        #expect(try Bytes(text: "7 B") == Bytes(7))
    }

    @Test(
        "People's spellings of a duration mean the same",
        arguments: ["1h30m", "1 h 30 min", "90m", "1.5h", "90 minutes", "5400s"])
    func durations(_ text: String) throws {
        #expect(try Microseconds(text: text) == .minutes(90))
    }

    @Test("People's spellings of cores mean the same", arguments: ["1.5", "1500m", "1.5 cores", "1.500"])
    func cores(_ text: String) throws {
        #expect(try Millicores(text: text) == Millicores(1500))
    }

    @Test("Credits are read exactly, to the last microcredit")
    func credits() throws {
        #expect(try Microcredits(text: "0.000001") == Microcredits(1))
        #expect(try Microcredits(text: "0.1 credits") + Microcredits(text: "0.2 cr") == Microcredits(text: "0.3"))
        #expect(try Microcredits(text: "-3 credits") == .credits(-3))
    }

    @Test("What is written for people is what they would write")
    func formatting() {
        #expect(Millicores(1500).text == "1.5 cores")
        #expect(Millicores(1000).text == "1 core")
        #expect(Bytes.mebibytes(512).text == "512 MiB")
        #expect(Bytes.mebibytes(1536).text == "1.5 GiB")
        #expect(Bytes(1_000_001).text == "1000001 B")
        #expect(Microseconds.minutes(15).text == "15 min")
        #expect(Microseconds.minutes(90).text == "1 h 30 min")
        #expect(Microcredits(250_000).text == "0.25 credits")
        #expect(Microcredits(-1_500_000).text == "-1.5 credits")
        #expect(BasisPoints.percent(80).text == "80%")
        #expect(BasisPoints(1250).text == "12.5%")
    }

    @Test("Short text keeps three significant digits")
    func shortening() {
        #expect(Bytes(1_471_026_299).shortText == "1.37 GiB")
        #expect(Bytes(1000).shortText == "0.977 KiB")
        #expect(Millicores(123_456).shortText == "123 cores")
        #expect(Millicores(999).shortText == "0.999 cores")
        #expect(Microcredits(1_234_567).shortText == "1.23 credits")
        #expect(Microcredits(-4).shortText == "-0.000004 credits")
        #expect(Microseconds(3_234_000).shortText == "3.23 s")
        #expect(Microseconds(3_725_000_000).shortText == "1 h 2 min")
        #expect(BasisPoints(3333).shortText == "33.3%")
    }

    @Test("What is written can be read again without loss")
    func roundTrips() throws {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let value = Int64.random(in: 0...Int64.max, using: &random) >> Int64.random(in: 0...62, using: &random)
            #expect(try Millicores(text: Millicores(value).text) == Millicores(value))
            #expect(try Bytes(text: Bytes(value).text) == Bytes(value))
            #expect(try Microseconds(text: Microseconds(value).text) == Microseconds(value))
            #expect(try Microcredits(text: Microcredits(value).text) == Microcredits(value))
            #expect(try Microcredits(text: Microcredits(-value).text) == Microcredits(-value))
            #expect(try BasisPoints(text: BasisPoints(value).text) == BasisPoints(value))
        }
    }

    @Test(
        "What is no size is refused",
        arguments: [
            "", " ", "512", "MiB", "-1 MiB", "1,5 GiB", "1. GiB", ".5 GiB", "1 GiB 2", "1 XiB", "99999999999999999999 B",
            "1e3 B", "8192 PiB", "0x10 B", "１ GiB", "1 GiB\0", "9000000000 GiB",
        ])
    func badSizes(_ text: String) {
        #expect(throws: TextError.self) { try Bytes(text: text) }
    }

    @Test(
        "What is no duration is refused",
        arguments: ["", "30", "m", "30x", "1m1h", "1s 1s", "-5s", "0.0000001s", "200000000 d", "5 s later", "1h 30"])
    func badDurations(_ text: String) {
        #expect(throws: TextError.self) { try Microseconds(text: text) }
    }

    @Test("What is finer than the base unit is refused, except parts of a byte")
    func tooFine() throws {
        #expect(throws: TextError.self) { try Millicores(text: "1.0005") }
        #expect(throws: TextError.self) { try Microcredits(text: "0.0000001") }
        #expect(throws: TextError.self) { try BasisPoints(text: "1.234%") }
        #expect(try Bytes(text: "0.3 GiB") == Bytes(322_122_547))
    }

    @Test("A share needs its percent sign")
    func percent() throws {
        #expect(try BasisPoints(text: "80%") == .percent(80))
        #expect(throws: TextError.self) { try BasisPoints(text: "0.8") }
    }

    @Test("A refusal says what was wrong and what to write instead, and does not echo what is too long")
    func remedies() {
        let message = #expect(throws: TextError.self) { try Bytes(text: "512") }?.description
        #expect(message == "'512' is not understood: add a unit, such as 512 MiB")
        let long = #expect(throws: TextError.self) { try Bytes(text: String(repeating: "9", count: 5000)) }?.description
        #expect((long?.utf8.count ?? .max) < 200)
    }
}
