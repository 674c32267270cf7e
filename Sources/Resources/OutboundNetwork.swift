/// What a guest may reach beyond its machine, and how fast.
package struct OutboundNetwork: Hashable, Codable, Sendable {
    /// The most that it may send, and the most that it may receive.
    package var rate: BitsPerSecond
    /// The only addresses it may reach; where there are none, all that are public. Addresses of private networks are reached only
    /// if they are named by a block that lies within these.
    package var allow: [AddressBlock]

    package init(rate: BitsPerSecond = Self.usualRate, allow: [AddressBlock] = []) {
        self.rate = rate
        self.allow = allow
    }

    package static let usualRate = BitsPerSecond(10_000_000)
    /// Slower than that a connection is hardly one; faster no limit is seen to hold.
    package static let rates = BitsPerSecond(64_000)...BitsPerSecond(10_000_000_000)
    package static let mostBlocks = 256
}
