import Resources
import Testing
import Wire

@Suite("Fields of messages")
struct FieldTests {
    @Test("Quantities survive the way into a message and back")
    func roundTrip() throws {
        let amounts = Amounts(cpu: 1500, memory: .gibibytes(2))
        #expect(try Amounts(Surplus_V1_Amounts(amounts), "amounts") == amounts)
        let prices = Prices(cpu: 100, memory: 7)
        #expect(try Prices(Surplus_V1_Prices(prices), "prices") == prices)
        let usage = Usage(cpu: 12345, memory: 678)
        #expect(try Usage(Surplus_V1_Usage(usage), "usage") == usage)
    }

    @Test("Disk has bounds of its own, and is asked for by itself")
    func disk() throws {
        let amounts = Amounts(disk: .gibibytes(20))
        #expect(try Amounts(positive: Surplus_V1_Amounts(amounts), "amounts") == amounts)
        let prices = Prices(cpu: 100, memory: 7, disk: 3)
        #expect(try Prices(Surplus_V1_Prices(prices), "prices") == prices)
        let usage = Usage(cpu: 12345, memory: 678, disk: 9)
        #expect(try Usage(Surplus_V1_Usage(usage), "usage") == usage)
        #expect(throws: FieldError.self) { try Amounts(.with { $0.diskBytes = -1 }, "a") }
        #expect(throws: FieldError.self) { try Amounts(.with { $0.diskBytes = Bounds.disk.rawValue + 1 }, "a") }
        #expect(throws: FieldError.self) { try Prices(.with { $0.diskPerGibHour = -1 }, "p") }
        #expect(throws: FieldError.self) { try Usage(.with { $0.diskMibSeconds = -1 }, "u") }
        let mixed = FieldError("a", "is refused: disk is lent by itself: ask for it in a request of its own")
        #expect(throws: mixed) { try Amounts(positive: .with { ($0.memoryBytes, $0.diskBytes) = (1, 1) }, "a") }
    }

    @Test("Negative, overflowing and empty amounts are refused by name")
    func amounts() throws {
        func check(_ cpu: Int64, _ memory: Int64) throws {
            _ = try Amounts(
                positive: .with {
                    $0.cpuMillicores = cpu
                    $0.memoryBytes = memory
                }, "terms.amounts")
        }
        #expect(throws: FieldError("terms.amounts.cpu_millicores", "is -1, must be 0 to 1000000000")) { try check(-1, 1) }
        #expect(throws: FieldError.self) { try check(.max, 1) }
        #expect(throws: FieldError.self) { try check(1, .min) }
        #expect(throws: FieldError("terms.amounts", "is empty, must ask for CPU, memory or disk")) { try check(0, 0) }
        #expect(throws: Never.self) { try check(Bounds.cpu.rawValue, Bounds.memory.rawValue) }
    }

    @Test("Prices, spans and money have bounds")
    func bounds() throws {
        #expect(throws: FieldError.self) { try Prices(.with { $0.cpuPerCoreHour = -1 }, "p") }
        #expect(throws: FieldError.self) { try Prices(.with { $0.memoryPerGibHour = .max }, "p") }
        #expect(throws: FieldError.self) { try Usage(.with { $0.cpuCoreMicroseconds = -1 }, "u") }
        #expect(throws: FieldError.self) { try Field.term(0, "t") }
        #expect(throws: FieldError.self) { try Field.term(.max, "t") }
        #expect(throws: FieldError.self) { try Field.span(.min, "t") }
        #expect(throws: FieldError.self) { try Field.money(-1, "m") }
        #expect(throws: FieldError.self) { try Field.timestamp(-1, "t") }
        #expect(try Field.span(-5, "t") == -5)
    }

    @Test("Identifiers of another kind, digests and signatures of the wrong size are refused")
    func identifiers() throws {
        var random = SeededGenerator(seed: 1)
        let lease = LeaseID(at: Timestamp(microseconds: 0), using: &random)
        #expect(try Field.identifier(lease.description, "lease", as: LeaseID.self) == lease)
        #expect(throws: FieldError("job", "is '\(lease)', must be a job_ id")) {
            try Field.identifier(lease.description, "job", as: JobID.self)
        }
        #expect(throws: FieldError("job", "is missing")) { try Field.identifier("", "job", as: JobID.self) }
        #expect(throws: FieldError.self) { try Field.digest([1, 2, 3], "d") }
        #expect(throws: FieldError.self) { try Field.signature([], "s") }
        #expect(throws: FieldError.self) { try Field.signature([UInt8](repeating: 0, count: 129), "s") }
    }

    @Test("A job that cannot be run is refused before it is stored")
    func jobs() throws {
        let good = Surplus_V1_JobSpec.with {
            $0.program = "xz"
            $0.arguments = ["-T1", "tree.tar"]
            $0.environment = ["LANG": "C"]
            $0.outputs = ["tree.tar.xz"]
        }
        #expect(throws: Never.self) { try good.check() }
        let faults: [(inout Surplus_V1_JobSpec) -> Void] = [
            { $0.program = "" }, { $0.program = "a\0b" }, { $0.arguments = ["\0"] },
            { $0.arguments = [String](repeating: "x", count: 5000) },
            { $0.arguments = [String](repeating: String(repeating: "x", count: 100_000), count: 20) },
            { $0.environment = ["A=B": "c"] }, { $0.environment = ["": "c"] }, { $0.environment = ["A": "\0"] },
            { $0.outputs = ["../secret"] }, { $0.outputs = ["/etc/shadow"] }, { $0.outputs = [""] },
        ]
        for fault in faults {
            var spec = good
            fault(&spec)
            #expect(throws: FieldError.self) { try spec.check() }
        }
    }
}
