import Resources

/// For each of ``UsageLevels``, how long ago and how often use lay above it.
///
/// The shares of samples above the levels are the upper half of a cumulative histogram; kept with four memories side by side, they
/// are decaying histograms as those of the Kubernetes vertical pod autoscaler's recommender, each of which starts as a plain mean.
/// The ages hold all recent maxima at once: the maximum of the last k samples is the lowest level that is older than k.
struct LevelHistory: Hashable, Sendable {
    /// Of what lies further back than so many samples (a day of five minutes each) only the shares tell.
    static let longestAge = 288
    /// In samples; a power of two each.
    static let memories = [4, 16, 64, 512]
    /// What a share of one is kept as.
    static let whole: Int64 = 1 << 30

    /// Samples since use last lay above each level, one for the latest sample; one more than ``longestAge`` when that is longer ago.
    private(set) var ages: [UInt16]
    /// By memory, then by level: the decaying share of samples above.
    private(set) var shares: [[UInt32]]

    init() {
        ages = Array(repeating: 1, count: UsageLevels.all.count)
        shares = Self.memories.map { _ in Array(repeating: 0, count: UsageLevels.all.count) }
    }

    init(ages: [UInt16], shares: [[UInt32]]) {
        self.ages = ages
        self.shares = shares
    }

    /// - Parameter seen: how many samples were recorded before.
    mutating func record(_ usage: BasisPoints, seen: Int64) {
        let above = UsageLevels.all.firstIndex { $0 >= usage } ?? UsageLevels.all.endIndex
        grow(by: 1)
        for index in 0..<above { ages[index] = 1 }
        for (memory, length) in Self.memories.enumerated() {
            let count = min(seen + 1, Int64(length))
            shares[memory].withUnsafeMutableBufferPointer { shares in
                for index in shares.indices {
                    let share = Int64(shares[index])
                    shares[index] = UInt32(share + ((index < above ? Self.whole : 0) - share) / count)
                }
            }
        }
    }

    /// Lets time pass in which nothing was measured.
    mutating func grow(by samples: Int) {
        let step = UInt16(clamping: min(samples, Self.longestAge))
        for index in ages.indices { ages[index] = min(ages[index] + step, UInt16(Self.longestAge + 1)) }
    }

    /// The lowest level above which use did not lie in the last so many samples; the highest of all when there is none.
    func highest(ofLast samples: Int64) -> BasisPoints {
        UsageLevels.all[ages.firstIndex { Int64($0) > samples } ?? ages.count - 1]
    }
}
