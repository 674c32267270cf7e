import Resources
import Testing

@Suite("Use over time, as people write it")
struct ResourceTimeTests {
    @Test(
        "Processing is written in core-hours, or as lists show it",
        arguments: [
            ("2.5", 9_000_000_000), ("2.5 core-hours", 9_000_000_000), ("1 core-h", 3_600_000_000), ("0.12 core-s", 120_000),
            ("0.342186core-s", 342_186), ("3 core-seconds", 3_000_000), ("0.001", 3_600_000),
        ] as [(String, Int64)])
    func processing(text: String, microseconds: Int64) throws {
        #expect(try CoreMicroseconds(text: text) == CoreMicroseconds(microseconds))
    }

    @Test(
        "Memory is written in GiB-hours, or as lists show it",
        arguments: [
            ("2.5", 9_216_000), ("0.01 GiB-h", 36_864), ("1 GiB-hour", 3_686_400), ("5604 MiB-s", 5604), ("64mib-s", 64),
            ("0.001", 3686),
        ] as [(String, Int64)])
    func memory(text: String, mebibyteSeconds: Int64) throws {
        #expect(try MiBSeconds(text: text) == MiBSeconds(mebibyteSeconds))
    }

    @Test("What lists show is read as what it is", arguments: [1, 64, 120_000, 36_864, 3_686_400, 9_216_001] as [Int64])
    func shown(value: Int64) throws {
        #expect(try CoreMicroseconds(text: CoreMicroseconds(value).text) == CoreMicroseconds(value))
        #expect(try MiBSeconds(text: MiBSeconds(value).text) == MiBSeconds(value))
    }

    @Test(
        "What cannot be meant is refused, with what to write",
        arguments: ["", "core-s", "1 core", "1 core-m", "1 MiB-s", "1 GiB-h", "0.0000001 core-s", "-1", "1 core-s 2"])
    func refused(text: String) {
        #expect(throws: TextError.self) { try CoreMicroseconds(text: text) }
    }

    @Test(
        "Memory finer than there is, or of another unit, is refused",
        arguments: ["0.5 MiB-s", "0.0001 GiB-h", "1 MiB-h", "1 GiB-s"])
    func finer(text: String) {
        #expect(throws: TextError.self) { try MiBSeconds(text: text) }
    }
}
