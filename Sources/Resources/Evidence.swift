/// What a lender says that a lease has used, by the counters of its kernel.
package struct LenderEvidence: Hashable, Codable, Sendable {
    package var usage: Usage
    /// Time since the grant, by its clock.
    package var elapsed: Microseconds
    /// Time spent throttled below the floor.
    package var throttled: Microseconds

    package init(usage: Usage, elapsed: Microseconds, throttled: Microseconds) {
        self.usage = usage
        self.elapsed = elapsed
        self.throttled = throttled
    }
}

/// What a borrower holds against that.
package struct BorrowerEvidence: Hashable, Codable, Sendable {
    /// The most that it holds plausible.
    package var plausible: Usage
    /// Time since the grant, by its clock.
    package var elapsed: Microseconds
    /// What its jobs under the lease have reported of themselves; `nil` where it does not know that of all of them.
    package var counted: CoreMicroseconds?

    package init(plausible: Usage, elapsed: Microseconds, counted: CoreMicroseconds?) {
        self.plausible = plausible
        self.elapsed = elapsed
        self.counted = counted
    }
}
