import Resources

/// Holds a guest to a processing ceiling by stopping and continuing it, where the kernel holds none: a bucket that fills at the rate
/// of the ceiling and is emptied by what the guest uses; while less than nothing is in it, the guest stands still.
package struct DutyCycle: Hashable, Sendable {
    /// A guest that wanted less for a while gets no more ahead than the ceiling gives in this time.
    private static let burst = Microseconds.milliseconds(200)
    /// A guest that could not be looked at for long stands still for this long at most.
    private static let longestStop = Microseconds.minutes(5)

    private var saved = CoreMicroseconds.zero

    package init() {}

    /// Takes in what happened since the last call.
    ///
    /// - Returns: whether the guest is to stand still until the next call.
    package mutating func advance(used: CoreMicroseconds, ceiling: Millicores, elapsed: Microseconds) -> Bool {
        let change = CoreMicroseconds(ceiling, for: elapsed) - used
        let (least, most) = (.zero - CoreMicroseconds(ceiling, for: Self.longestStop), CoreMicroseconds(ceiling, for: Self.burst))
        saved = min(max(saved + change, least), most)
        return saved < .zero
    }
}
