/// Writes whole numbers in as few bits as they need: exponential Golomb codes (Teuhola, 1978), the bits of a byte from the highest
/// on.
struct BitWriter {
    private(set) var bytes: [UInt8] = []
    private var free = 0

    mutating func write(bits value: UInt64, _ count: Int) {
        for shift in stride(from: count - 1, through: 0, by: -1) {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            free -= 1
            bytes[bytes.count - 1] |= UInt8(value >> UInt64(shift) & 1) << UInt8(free)
        }
    }

    /// A number that is usually below 2^`order`.
    ///
    /// - Precondition: `value` is below 2^62.
    mutating func write(_ value: UInt64, order: Int) {
        let head = value >> UInt64(order) + 1
        let length = 64 - head.leadingZeroBitCount
        write(bits: 0, length - 1)
        write(bits: head, length)
        write(bits: value, order)
    }
}

/// Reads what ``BitWriter`` wrote, with every bound checked.
struct BitReader {
    private let bytes: ArraySlice<UInt8>
    private var next: Int
    /// The bits ahead, from the highest on.
    private var window: UInt64 = 0
    private var available = 0

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        next = bytes.startIndex
    }

    /// How many bytes were begun.
    var bytesRead: Int { ((next - bytes.startIndex) * 8 - available + 7) / 8 }

    /// - Precondition: `count` is at most 32.
    mutating func read(bits count: Int) throws(Malformed) -> UInt64 {
        refill()
        guard available >= count else { throw Malformed(description: "bits that are missing at the end") }
        guard count > 0 else { return 0 }
        defer { drop(count) }
        return window >> UInt64(64 - count)
    }

    mutating func read(order: Int) throws(Malformed) -> UInt64 {
        var zeros = 0
        refill()
        while window == 0 {
            guard available > 0 else { throw Malformed(description: "bits that are missing at the end") }
            zeros += available
            drop(available)
            refill()
        }
        zeros += window.leadingZeroBitCount
        drop(window.leadingZeroBitCount)
        guard zeros + order <= 62 else { throw Malformed(description: "a number of more than 62 bits") }
        let head = try long(zeros + 1)
        return (head - 1) << UInt64(order) | (try long(order))
    }

    private mutating func long(_ count: Int) throws(Malformed) -> UInt64 {
        guard count > 32 else { return try read(bits: count) }
        return try read(bits: count - 32) << 32 | (try read(bits: 32))
    }

    private mutating func refill() {
        while available <= 56, next < bytes.endIndex {
            window |= UInt64(bytes[next]) << UInt64(56 - available)
            available += 8
            next += 1
        }
    }

    private mutating func drop(_ count: Int) {
        window = count < 64 ? window << UInt64(count) : 0
        available -= count
    }
}
