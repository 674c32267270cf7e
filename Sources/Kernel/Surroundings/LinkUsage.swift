import Glibc
import Resources

/// How busy the machine's network links are, all together, in the busier direction.
package struct LinkUsage: Hashable, Sendable {
    /// What the links can carry one way.
    package let capacity: BitsPerSecond
    package let used: BitsPerSecond

    package var spare: BitsPerSecond { max(.zero, capacity - used) }
    package var utilisation: BasisPoints { BasisPoints(used.scaled(by: 10_000, over: max(1, capacity.rawValue)).rawValue) }
}

/// What the links have carried up to some instant.
struct LinkCounters: Sendable {
    private let at: Instant
    private let received: Int64
    private let sent: Int64
    private let capacity: BitsPerSecond

    private static let directory = "/sys/class/net"

    /// Counts the links that are up and tell their speed: hardware does, and so do pairs of virtual ones.
    init(kernel: any KernelCalls, at now: Instant) {
        at = now
        var (received, sent, capacity): (Int64, Int64, Int64) = (0, 0, 0)
        for link in (try? kernel.entries(of: Self.directory)) ?? [] where link != "lo" {
            func number(_ file: String) -> Int64? {
                (try? kernel.read("\(Self.directory)/\(link)/\(file)")).flatMap { Int64($0.prefix { $0 != "\n" }) }
            }
            guard let speed = number("speed"), speed > 0, let rx = number("statistics/rx_bytes"),
                let tx = number("statistics/tx_bytes")
            else { continue }
            capacity += speed * 1_000_000
            received &+= rx
            sent &+= tx
        }
        (self.received, self.sent, self.capacity) = (received, sent, BitsPerSecond(capacity))
    }

    /// `nil` when no link tells its speed or no time has passed.
    func usage(since earlier: LinkCounters) -> LinkUsage? {
        let elapsed = at - earlier.at
        guard capacity > .zero, elapsed > .zero else { return nil }
        let bytes = max(0, received - earlier.received, sent - earlier.sent)
        return LinkUsage(capacity: capacity, used: BitsPerSecond(bytes).scaled(by: 8_000_000, over: elapsed.rawValue))
    }
}
