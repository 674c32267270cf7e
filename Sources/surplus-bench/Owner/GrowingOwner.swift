import ArgumentParser
import Foundation

/// A program of the owner's that uses memory all the time, anonymous and of a file, and grows when it is told to, until it is told to end.
///
/// It times each step that it does: one that had to wait for memory took long.
struct GrowingOwner: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "grow", abstract: "Uses memory, and grows when a line comes in.", shouldDisplay: false)

    /// What it saw.
    struct Answer: Codable {
        /// In milliseconds.
        var longestStep: Double
        /// How much later than planned it had grown, in milliseconds.
        var delay: Double
        /// Of what it read: so that it has to be read.
        var checksum: UInt8
    }

    @Option(help: "What it uses before it grows, in MiB.")
    var base: Int
    @Option(help: "What it grows to.")
    var peak: Int
    @Option(help: "By how many MiB a second.")
    var rate: Int
    @Option(help: "A file that it reads all the time.")
    var file: String

    private static let page = 4096
    /// What it grows by at once.
    private static let chunk = 4 << 20

    func run() throws {
        let memory = try Region(bytes: peak << 20)
        let pages = try Region(file: file)
        _ = (memory.use(0..<(base << 20)), pages.use(0..<pages.count))
        Self.say("ready")
        var work = Work(memory: memory, pages: pages)
        while !Self.isTold { work.step(base << 20) }
        let began = ContinuousClock.now
        work.longest = 0
        let pause = Duration.seconds(Double(Self.chunk) / Double(rate << 20))
        let chunks = ((peak - base) << 20) / Self.chunk
        for number in 1...chunks {
            let wait = began + pause * number - .now
            if wait > .zero { usleep(UInt32(wait.milliseconds * 1000)) }
            work.step((base << 20) + number * Self.chunk)
        }
        let delay = (ContinuousClock.now - began - pause * chunks).milliseconds
        Self.say("grown")
        while !Self.isTold { work.step(peak << 20) }
        Self.say(String(decoding: try JSONEncoder().encode(work.answer(delay)), as: UTF8.self))
    }

    /// Whether a line came in within a moment.
    private static var isTold: Bool {
        var input = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
        guard poll(&input, 1, 20) > 0 else { return false }
        _ = readLine()
        return true
    }

    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    /// Uses what is new, and a part of the rest in turn.
    private struct Work {
        private static let slices = 16

        let memory, pages: Region
        var longest = 0.0
        private var turn = 0
        private var used = 0
        private var checksum: UInt8 = 0

        init(memory: Region, pages: Region) {
            self.memory = memory
            self.pages = pages
        }

        mutating func step(_ size: Int) {
            let began = ContinuousClock.now
            if size > used { checksum &+= memory.use(used..<size) }
            used = max(used, size)
            turn = (turn + 1) % Self.slices
            for (region, count) in [(memory, used), (pages, pages.count)] {
                checksum &+= region.use(count / Self.slices * turn..<count / Self.slices * (turn + 1))
            }
            longest = max(longest, (ContinuousClock.now - began).milliseconds)
        }

        func answer(_ delay: Double) -> Answer { Answer(longestStep: longest, delay: delay, checksum: checksum) }
    }

    /// Mapped memory.
    private struct Region {
        let start: UnsafeMutableRawPointer
        let count: Int
        private let isFile: Bool

        init(bytes: Int) throws {
            (count, isFile) = (bytes, false)
            start = try Self.map(bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1)
        }

        init(file: String) throws {
            let descriptor = open(file, O_RDONLY)
            guard descriptor >= 0 else { throw ValidationError("failed to open \(file)") }
            defer { close(descriptor) }
            (count, isFile) = (Int(lseek(descriptor, 0, SEEK_END)), true)
            start = try Self.map(count, PROT_READ, MAP_SHARED, descriptor)
        }

        private static func map(
            _ bytes: Int, _ protection: Int32, _ flags: Int32, _ descriptor: Int32
        ) throws -> UnsafeMutableRawPointer {
            guard let start = mmap(nil, bytes, protection, flags, descriptor, 0), start != MAP_FAILED else {
                throw ValidationError("failed to map \(bytes) bytes: errno \(errno)")
            }
            return start
        }

        /// Writes to each page of memory, reads each of a file.
        func use(_ range: Range<Int>) -> UInt8 {
            var sum: UInt8 = 0
            for offset in stride(from: range.lowerBound / page * page, to: range.upperBound, by: page) {
                if isFile {
                    sum &+= start.load(fromByteOffset: offset, as: UInt8.self)
                } else {
                    start.storeBytes(of: UInt8(truncatingIfNeeded: offset >> 12), toByteOffset: offset, as: UInt8.self)
                }
            }
            return sum
        }
    }
}
