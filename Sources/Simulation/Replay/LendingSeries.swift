import Resources

/// What owners used and what was lent usefully over time, as sums over machines: samples at the same place in their traces
/// together.
///
/// It holds no more than ``most`` slots. Of longer traces several samples share a slot: as many as come to a round time where a
/// sample is five minutes, so that parts of unequal length can be added up in any order.
package struct LendingSeries: Hashable, Sendable {
    /// Sums in basis points of a machine over the samples of a slot that were judged.
    package struct Slot: Hashable, Sendable {
        /// How many there were.
        package var samples: Int64 = 0
        /// What owners used.
        package var used: Int64 = 0
        /// What was lent below the threshold with perfect foresight, firmly, and firmly and until further notice.
        package var foresight: Int64 = 0
        package var firm: Int64 = 0
        package var firmAndElastic: Int64 = 0

        package init() {}

        mutating func add(_ other: Slot) {
            samples += other.samples
            used += other.used
            foresight += other.foresight
            firm += other.firm
            firmAndElastic += other.firmAndElastic
        }
    }

    /// The most slots: a week of samples of five minutes fits in with a slot for each.
    package static let most = 2048
    /// How many samples share a slot.
    package private(set) var stride = 1
    /// In order; the last has samples, those before may be without.
    package private(set) var slots: [Slot] = []

    package init() {}

    /// - Parameter sample: its place in the trace, from 0.
    mutating func add(_ slot: Slot, at sample: Int) {
        while sample / stride >= Self.most { widen() }
        let index = sample / stride
        while slots.count <= index { slots.append(Slot()) }
        slots[index].add(slot)
    }

    package mutating func add(_ other: LendingSeries) {
        var other = other
        while other.stride < stride { other.widen() }
        while stride < other.stride { widen() }
        while slots.count < other.slots.count { slots.append(Slot()) }
        for (index, slot) in other.slots.enumerated() { slots[index].add(slot) }
    }

    /// The same in no more than so many slots.
    ///
    /// - Precondition: `count` is at least 1.
    package func coarsened(toAtMost count: Int) -> LendingSeries {
        precondition(count >= 1, "a series of \(count) slots")
        var coarse = self
        while coarse.slots.count > count { coarse.widen() }
        return coarse
    }

    /// Each divides the next: 5, 10 and 30 minutes, 1, 3, 6 and 12 hours, a day, and then twice as long each time.
    private static let strides = [1, 2, 6, 12, 36, 72, 144, 288]

    private mutating func widen() {
        let next = Self.strides.first { $0 > stride } ?? stride * 2
        let factor = next / stride
        slots = Swift.stride(from: 0, to: slots.count, by: factor).map { first in
            slots[first..<min(first + factor, slots.count)].reduce(into: Slot()) { $0.add($1) }
        }
        stride = next
    }
}
