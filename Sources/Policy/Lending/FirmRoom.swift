import Resources

/// What can still be promised firmly to one lease, beyond what is promised already.
package struct FirmRoom: Hashable, Codable, Sendable {
    package var amounts: Amounts
    /// The longest term that it can be promised for.
    package var longestTerm: Microseconds
    /// Why it is no more.
    package var reason: String
    /// When it may be more; `nil` when that is not known.
    package var retryAfter: Microseconds?

    package init(amounts: Amounts, longestTerm: Microseconds, reason: String, retryAfter: Microseconds? = nil) {
        self.amounts = amounts
        self.longestTerm = longestTerm
        self.reason = reason
        self.retryAfter = retryAfter
    }

    package static func nothing(_ reason: String, retryAfter: Microseconds? = nil) -> FirmRoom {
        FirmRoom(amounts: .zero, longestTerm: .zero, reason: reason, retryAfter: retryAfter)
    }
}
