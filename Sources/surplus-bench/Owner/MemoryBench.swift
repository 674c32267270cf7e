import ArgumentParser
import Foundation

/// Whether guests that want ever more memory can hurt the owner.
struct MemoryBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "memory", abstract: "Guests that grow without end, beside an owner who holds memory.")

    @OptionGroup var pool: OwnedPoolOptions
    @Option(help: "How many guests, one after the other.")
    var guests = 50
    @Flag(help: "Print JSON.")
    var json = false

    private static let owners = 1024

    func run() throws {
        let node = try pool.node
        let owner = node.owners([
            URL(fileURLWithPath: CommandLine.arguments[0]).path, "hold-memory", "--mebibytes", "\(Self.owners)",
        ])
        let pipe = Pipe()
        owner.standardOutput = pipe
        try owner.run()
        defer { if owner.isRunning { owner.terminate() } }
        _ = pipe.fileHandleForReading.availableData
        let lease = try node.lend(cpu: 1, memory: "512MiB")
        defer { try? node.release(lease) }
        var harmless = 0
        var waits: [Double] = []
        var told = 0
        for number in 1...guests {
            let before = (wait: try Self.waited(), faults: try Self.majorFaults(owner))
            let job = try node.start(.shell("grows", "tail /dev/zero"), under: lease)
            let end = try node.end(of: job)
            let wait = try Self.waited() - before.wait
            waits.append(wait * 1000)
            if end.contains("out of memory") { told += 1 }
            if wait <= 2, owner.isRunning, try Self.majorFaults(owner) == before.faults { harmless += 1 }
            FileHandle.standardError.write(Data("guest \(number): the owner waited \(Int(wait * 1000)) ms\n".utf8))
        }
        let report = BenchReport(
            benchmark: "memory",
            workload:
                "\(guests) guests that grow without end under a lease of 512 MiB, beside an owner who uses \(Self.owners) MiB",
            figures: [
                .init(name: "guests that did no harm", value: Double(harmless), unit: "", goal: Double(guests)),
                .init(name: "guests told that they were out of memory", value: Double(told), unit: ""),
                .init(
                    name: "longest wait of the owner for memory", value: waits.max() ?? 0, unit: "ms", goal: 2000,
                    isUpperBound: true),
            ])
        print(json ? try report.json : report.table)
    }

    /// How long any program outside of groups of their own waited for memory so far, in seconds.
    private static func waited() throws -> Double {
        let text = try String(contentsOfFile: "/proc/pressure/memory", encoding: .utf8)
        guard let match = text.firstMatch(of: /full .*total=([0-9]+)/), let microseconds = Double(match.1) else {
            throw ValidationError("failed to understand /proc/pressure/memory")
        }
        return microseconds / 1e6
    }

    /// Pages that the owner had to wait for a disk for.
    private static func majorFaults(_ process: Process) throws -> Double {
        let text = try String(contentsOfFile: "/proc/\(process.processIdentifier)/stat", encoding: .utf8)
        let fields = text[(text.lastIndex(of: ")") ?? text.startIndex)...].split(separator: " ")
        return fields.count > 10 ? Double(fields[10]) ?? .nan : .nan
    }
}

/// Holds memory and uses all of it, over and over.
struct HoldMemory: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold-memory", abstract: "Holds memory and uses all of it.", shouldDisplay: false)

    @Option(help: "How much.")
    var mebibytes: Int

    func run() throws {
        let size = mebibytes << 20
        let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
        var isFirst = true
        while true {
            for offset in stride(from: 0, to: size, by: 4096) {
                memory.storeBytes(of: UInt8(truncatingIfNeeded: offset >> 12), toByteOffset: offset, as: UInt8.self)
            }
            if isFirst { FileHandle.standardOutput.write(Data("ready\n".utf8)) }
            isFirst = false
            usleep(100_000)
        }
    }
}
