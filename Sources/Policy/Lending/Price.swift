import Resources

/// What a sample of lease time in which something is taken back costs.
///
/// It begins at what met the appetite on the machines that were studied, and follows the balance of take-backs: those there were
/// less those that were accepted. A day's few take-backs say little about a machine, so within a day's worth of them the price
/// moves little; beyond, it moves with the ninth power, so that the share cannot drift away from the appetite.
package struct Price: Hashable, Codable, Sendable {
    /// To base 2 and in 65536ths of an octave: from a twelfth of a point, where all is risked that adds anything, to more than
    /// any machine is worth.
    private static let range: ClosedRange<Int64> = 3 << 16...28 << 16
    /// In thousandths of ``unit``: far beyond where the price reaches an end of its range, so that take-backs there still count.
    private static let mostOutOfBalance: Int64 = 4000

    /// The price's logarithm when nothing is out of balance.
    private let first: Int64
    /// What the balance is measured by, in millionths of a take-back: those that are accepted in a day of five-minute samples, and one.
    private let unit: Int64
    /// Take-backs less those accepted, in millionths of one. It is not remembered further than the price can follow.
    private var balance: Int64 = 0

    package init(for appetite: Appetite) {
        // Fitted: 900 points at an appetite of 1%, which is 2^16.457 basis points, and proportional to appetite^-1.3.
        let octaves = Log2.of(100) - Log2.of(appetite.takenBack.rawValue)
        first = 1_078_544 + octaves * 13 * (65_536 / Log2.octave) / 10
        unit = 288 * PartsPerMillion(appetite.takenBack).rawValue + PartsPerMillion.whole.rawValue
    }

    /// In basis points of the capacity for one sample.
    package var amount: BasisPoints {
        let distance = balance * 1000 / unit
        let third = distance * distance * distance / 1_000_000
        let ninth = third * third * third / 1_000_000
        let logarithm = first + (distance + ninth) * 65_536 / 1000
        return BasisPoints(Log2.power(min(max(logarithm, Self.range.lowerBound), Self.range.upperBound)) >> 16)
    }

    /// Learns from one sample of lease time.
    ///
    /// - Parameter takenBack: the part of the terms open in it that were taken back.
    mutating func learn(takenBack: PartsPerMillion, appetite: Appetite) {
        let most = unit * Self.mostOutOfBalance / 1000
        balance = min(max(balance + (takenBack - PartsPerMillion(appetite.takenBack)).rawValue, -most), most)
    }
}
