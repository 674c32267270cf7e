import Resources

/// The mean of what was read in the course of one sample, each reading weighing as much as the time since the one before.
struct SampleMean: Hashable, Sendable {
    /// When the sample began.
    let began: Instant
    /// The latest reading, of this sample or of the one before.
    private(set) var last: Instant
    /// Of the capacity, in basis points times microseconds.
    private var cpu: Int64 = 0
    private var memory: Int64 = 0
    private var covered = Microseconds.zero

    init(from instant: Instant, last: Instant? = nil) {
        began = instant
        self.last = last ?? instant
    }

    /// - Parameter longest: a reading says nothing of the time before that.
    mutating func add(cpu: BasisPoints, memory: BasisPoints, at now: Instant, longest: Microseconds) {
        let span = max(.zero, min(now - max(last, began), longest))
        self.cpu += cpu.rawValue * span.rawValue
        self.memory += memory.rawValue * span.rawValue
        covered += span
        last = max(last, now)
    }

    /// The means of a sample; `nil` when less than half of it is known.
    func means(of length: Microseconds) -> (cpu: BasisPoints, memory: BasisPoints)? {
        guard covered.rawValue * 2 >= length.rawValue else { return nil }
        return (BasisPoints(cpu / covered.rawValue), BasisPoints(memory / covered.rawValue))
    }
}
