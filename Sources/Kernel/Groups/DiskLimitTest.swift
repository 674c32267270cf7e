import Glibc
import Resources

/// Shows that a disk limit bites: a program writes a little past the page cache, and is seen to take as long as the limit wants.
final class DiskLimitTest {
    /// Bytes a second.
    private static let rate = Bytes.kibibytes(96)
    private static let blocks = 2
    private static let block = Bytes.kibibytes(16)

    private let file: String
    private let load: TestLoad

    /// Begins to write.
    ///
    /// - Parameter directory: On a disk of the machine.
    init(_ groups: any GuestGroups, _ group: String, _ directory: String) throws(KernelError) {
        file = directory + "/self-test-disk"
        let job = LimitSelfTest.job(in: group)
        try groups.make(group)
        try groups.setDiskLimit(Self.rate, of: group)
        // it holds for what comes later, too
        try groups.make(job)
        // it says how long it wrote, by its own clock: neither its start nor who listens late counts
        let script = "LC_ALL=C dd if=/dev/zero of='\(file)' bs=\(Self.block.rawValue) count=\(Self.blocks) oflag=direct 2>&1"
        load = try TestLoad(script, in: job, of: groups)
    }

    deinit { unlink(file) }

    /// - Returns: why the limit does not bite, or could not be shown to; `nil` when it does.
    func fault(until deadline: Instant) throws(KernelError) -> String? {
        var last = "it said nothing"
        while true {
            switch try load.answer(until: deadline) {
            case .line(let text):
                if let elapsed = Self.span(in: text) { return Self.fault(after: elapsed) }
                last = text
            case .end: return "it cannot be shown: writing \(file) failed: \(last)"
            case .nothing: return "it cannot be shown: writing \(file) took too long"
            }
        }
    }

    /// From a line such as `32768 bytes (33 kB, 32 KiB) copied, 0.00123 s, 26.6 MB/s`.
    private static func span(in line: String) -> Microseconds? {
        guard let words = line.split(separator: ",").first(where: { $0.hasSuffix(" s") }),
            let seconds = Double(words.dropLast(2).drop { $0 == " " })
        else { return nil }
        return Microseconds(Int64(seconds * 1e6))
    }

    private static func fault(after elapsed: Microseconds) -> String? {
        let bytes = block * Int64(blocks)
        // what is left of the time that it should take allows for the kernel's slices
        guard elapsed < Microseconds(bytes.rawValue * 700_000 / rate.rawValue) else { return nil }
        return "a program wrote \(bytes.text) in \(elapsed.text) where \(rate.text) a second are allowed"
    }
}
