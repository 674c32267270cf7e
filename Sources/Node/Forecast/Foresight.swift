import Accounting
import Policy
import Resources

/// The owner's use as a row of samples, and for each resource what is expected of the next ones.
///
/// A node forgets nothing of it when it is started again: it is recorded as often as a sample is complete.
package struct Foresight: Sendable {
    /// How long a sample lasts.
    package let sample: Microseconds
    package private(set) var cpu: Outlook
    package private(set) var memory: Outlook
    private var mean: SampleMean?
    /// When the last sample ended.
    private var ended: Deadline?

    /// - Parameter memory: what was recorded; it counts for nothing when its samples lasted another time.
    init(_ policy: LendingPolicy, sample: Microseconds, restoring memory: ForesightMemory?) {
        self.sample = sample
        let horizon = Self.samples(in: policy.longestTerm, of: sample)
        let blank = Outlook(appetite: policy.appetite, horizon: horizon)
        let known = memory.flatMap { $0.sample == sample ? $0 : nil }
        (cpu, self.memory, ended) = (known?.cpu ?? blank, known?.memory ?? blank, known?.ended)
        adopt(policy)
    }

    /// What is to be recorded; `nil` before the first sample is complete.
    var kept: ForesightMemory? {
        ended.map { ForesightMemory(sample: sample, cpu: cpu, memory: memory, ended: $0) }
    }

    /// The longest time ahead that there is a forecast of.
    package var reach: Microseconds { sample * Int64(UsageForecaster.longestHorizon) }

    /// How many samples a time takes, as far as there is a forecast of it.
    package func samples(in span: Microseconds) -> Int { Self.samples(in: span, of: sample) }

    private static func samples(in span: Microseconds, of sample: Microseconds) -> Int {
        let count = (max(.zero, span).rawValue + sample.rawValue - 1) / sample.rawValue
        return Int(min(max(1, count), Int64(UsageForecaster.longestHorizon)))
    }

    mutating func adopt(_ policy: LendingPolicy) {
        let horizon = samples(in: policy.longestTerm)
        cpu.adopt(policy.appetite, horizon: horizon)
        memory.adopt(policy.appetite, horizon: horizon)
    }

    /// Takes a reading of the owner's use.
    ///
    /// - Returns: whether a sample was completed by it, so that there is something to record.
    mutating func read(_ usage: Amounts, of capacity: Amounts, by policy: LendingPolicy, at now: Moment) -> Bool {
        let current = mean ?? resumed(at: now, by: policy)
        mean = current
        let isComplete = now.instant - current.began >= sample
        if isComplete { complete(current, by: policy, at: now) }
        mean?.add(
            cpu: Self.share(usage.cpu, capacity.cpu), memory: Self.share(usage.memory, capacity.memory), at: now.instant,
            longest: sample.scaled(by: 1, over: 5))
        return isComplete
    }

    private mutating func complete(_ current: SampleMean, by policy: LendingPolicy, at now: Moment) {
        let means = current.means(of: sample)
        record(means?.cpu, means?.memory, by: policy)
        let gone = (now.instant - current.began).rawValue / sample.rawValue
        pass(gone - 1, by: policy)
        let end = current.began + sample * gone
        mean = SampleMean(from: end, last: current.last)
        ended = Deadline(end - now.instant, after: now)
    }

    /// The sample in the making when there were no readings so far: what was missed since the last one counts as missing.
    private mutating func resumed(at now: Moment, by policy: LendingPolicy) -> SampleMean {
        guard let ended else { return SampleMean(from: now.instant) }
        let away = max(.zero, -ended.remaining(at: now))
        let gone = away.rawValue / sample.rawValue
        pass(gone, by: policy)
        return SampleMean(from: now.instant + (sample * gone - away), last: now.instant)
    }

    /// Lets samples pass without a reading.
    private mutating func pass(_ count: Int64, by policy: LendingPolicy) {
        for _ in 0..<max(0, min(count, Int64(UsageForecaster.longestGap) + 1)) { record(nil, nil, by: policy) }
    }

    private mutating func record(_ cpu: BasisPoints?, _ memory: BasisPoints?, by policy: LendingPolicy) {
        self.cpu.record(cpu, by: policy.cpu)
        self.memory.record(memory, by: policy.memory)
    }

    private static func share<Q: Quantity>(_ part: Q, _ whole: Q) -> BasisPoints {
        guard whole > .zero, part > .zero else { return .zero }
        return BasisPoints(min(part, whole).scaled(by: BasisPoints.whole.rawValue, over: whole.rawValue).rawValue)
    }
}
