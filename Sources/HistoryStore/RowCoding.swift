import Accounting
import Resources

/// The packed form of rows.
///
/// A row begins with the number of intervals since the block's first (signed), the metrics it has (a bit each, above the bit that
/// says whether it is of an incident, and below those that say whether shares of the capacity follow), the greatest length that
/// divides all its weights, and the count and weight that its metrics share. Each metric is its least value and three bits: whether
/// it has a count and weight of its own, whether its values differ, and whether all are counted in pages of 4096, as memory is.
/// If they do, there follow the greatest value, the sum, and, in bits, the weights of the buckets from that of the least value on,
/// each with the number of empty buckets behind it; the last one's weight is what is missing in the sum. Differences and quotients
/// are written where they are smaller than the numbers themselves. A row of seconds without any spread, which is most of them,
/// takes about two bytes a metric.
extension ByteWriter {
    /// - Parameter base: the beginning of the block's first interval.
    mutating func write(_ row: RollUp, base: Timestamp) {
        write(signed: (row.start - base).rawValue / row.resolution.span.rawValue)
        let pairs = row.values.pairs
        let mask = pairs.reduce(UInt64(0)) { $0 | 1 << UInt64($1.metric.rawValue) }
        write(
            mask << 1 | (row.isIncident ? 1 : 0) | (row.split == nil ? 0 : RowCoding.split)
                | (row.share == nil ? 0 : RowCoding.share))
        if let split = row.split { write(split) }
        if let share = row.share { write(share) }
        guard let first = pairs.first?.value else { return }
        let unit = pairs.reduce(Int64(0)) { $1.value.buckets.reduce($0) { Self.divisor($0, $1) } }
        write(unit.isMultiple(of: 1000) ? (unit / 1000) << 1 : unit << 1 | 1)
        let parts = first.weight.rawValue / unit
        write(first.count << 1 | (parts == first.count ? 0 : 1))
        if parts != first.count { write(parts) }
        for (_, distribution) in pairs {
            write(distribution, unit: unit, isShared: distribution.count == first.count && distribution.weight == first.weight)
        }
    }

    private mutating func write(_ split: CapacitySplit) {
        write(split.span.rawValue)
        for part in [split.capacity, split.owner, split.leases, split.excess] { write(part) }
    }

    private mutating func write(_ part: ResourceTime) {
        write(part.cpu, grain: RowCoding.cpuGrain)
        write(part.memory, grain: RowCoding.memoryGrain)
    }

    /// - Precondition: `value` is in the range of ``CapacitySplit``.
    private mutating func write(_ value: Int128, grain: Int128) {
        let isGrained = value.isMultiple(of: grain)
        write(UInt128(isGrained ? value / grain : value) << 1 | (isGrained ? 0 : 1))
    }

    private mutating func write(_ distribution: Distribution, unit: Int64, isShared: Bool) {
        let isConstant = distribution.minimum == distribution.maximum
        let weight = distribution.weight.rawValue / unit
        let surplus = distribution.sum - Int128(distribution.minimum) * Int128(distribution.weight.rawValue)
        let parts = UInt128(surplus) / UInt128(unit)
        let shift = Self.pageShift(of: distribution, parts)
        write(UInt128(distribution.minimum >> shift) << 3 | (shift > 0 ? 4 : 0) | (isShared ? 0 : 2) | (isConstant ? 0 : 1))
        if !isShared {
            write(distribution.count)
            write(weight)
        }
        guard !isConstant else { return }
        write((distribution.maximum - distribution.minimum) >> shift)
        write(parts >> UInt128(shift))
        write(distribution.buckets, unit: unit)
    }

    /// By how many bits its figures can be shifted: those of a page, or none.
    private static func pageShift(of distribution: Distribution, _ parts: UInt128) -> Int64 {
        let page: Int64 = 1 << RowCoding.pageBits
        let isPaged = (distribution.minimum | distribution.maximum).isMultiple(of: page) && parts.isMultiple(of: UInt128(page))
        return isPaged && distribution.maximum > 0 ? RowCoding.pageBits : 0
    }

    private mutating func write(_ buckets: [Int64], unit: Int64) {
        guard buckets.count > 1 else { return }
        let occupied = buckets.indices.dropLast().filter { buckets[$0] > 0 }
        let mean = occupied.reduce(0) { $0 + buckets[$1] / unit } / Int64(occupied.count)
        let order = 63 - max(mean, 1).leadingZeroBitCount
        var bits = BitWriter()
        bits.write(bits: UInt64(order), RowCoding.orderBits)
        for (index, next) in zip(occupied, occupied.dropFirst() + [buckets.count - 1]) {
            bits.write(UInt64(buckets[index] / unit - 1), order: order)
            bits.write(UInt64(next - index - 1), order: 0)
        }
        write(bits)
    }

    private static func divisor(_ a: Int64, _ b: Int64) -> Int64 {
        var (a, b) = (a, b)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}

extension ByteReader {
    /// Reads the next row of a block of `resolution` that begins at `base`.
    mutating func row(_ resolution: Resolution, base: Timestamp) throws(Malformed) -> RollUp {
        let (offset, isBeyond) = try signed().multipliedReportingOverflow(by: resolution.span.rawValue)
        let (start, isOutside) = base.microseconds.addingReportingOverflow(offset)
        guard !isBeyond, !isOutside else { throw Malformed(description: "a row beyond all time") }
        let head = try unsigned()
        let mask = head & ~(RowCoding.split | RowCoding.share)
        guard mask >> 1 < 1 << UInt64(Metric.allCases.count) else { throw Malformed(description: "an unknown metric") }
        var row = RollUp(
            resolution, start: Timestamp(microseconds: start), isIncident: mask & 1 == 1, values: MetricMap())
        if head & RowCoding.split != 0 { row.split = try split() }
        if head & RowCoding.share != 0 { row.share = try part() }
        guard mask > 1 else { return row }
        let length = try integer()
        let unit = length & 1 == 1 ? length >> 1 : try Self.product(length >> 1, 1000)
        let counts = try integer()
        let shared = (count: counts >> 1, weight: counts & 1 == 1 ? try integer() : counts >> 1)
        for metric in Metric.allCases where mask >> (UInt64(metric.rawValue) + 1) & 1 == 1 {
            row.values[metric] = try distribution(unit, shared)
        }
        return row
    }

    private mutating func split() throws(Malformed) -> CapacitySplit {
        let span = Microseconds(try integer())
        let (capacity, owner, leases, excess) = (try part(), try part(), try part(), try part())
        guard let split = CapacitySplit(span: span, capacity: capacity, owner: owner, leases: leases, excess: excess) else {
            throw Malformed(description: "shares of the capacity that do not add up")
        }
        return split
    }

    private mutating func part() throws(Malformed) -> ResourceTime {
        ResourceTime(cpu: try part(grain: RowCoding.cpuGrain), memory: try part(grain: RowCoding.memoryGrain))
    }

    private mutating func part(grain: Int128) throws(Malformed) -> Int128 {
        let head = try wide()
        guard head >> 1 < RowCoding.mostOfPart else { throw Self.beyond }
        let value = Int128(head >> 1) * (head & 1 == 0 ? grain : 1)
        guard value < RowCoding.mostOfPart else { throw Self.beyond }
        return value
    }

    private mutating func distribution(
        _ unit: Int64, _ shared: (count: Int64, weight: Int64)
    ) throws(Malformed) -> Distribution {
        let head = try wide()
        let shift = head & 4 == 4 ? RowCoding.pageBits : 0
        guard let pages = Int64(exactly: head >> 3), pages <= .max >> shift else { throw Self.beyond }
        let minimum = pages << shift
        let (count, parts) = head & 2 == 0 ? shared : (try integer(), try integer())
        let weight = try Self.product(parts, unit)
        var maximum = minimum
        var sum = Int128(minimum) * Int128(weight)
        var buckets = [weight]
        if head & 1 == 1 {
            let range = try integer()
            guard range <= .max >> shift, !minimum.addingReportingOverflow(range << shift).overflow else { throw Self.beyond }
            maximum = minimum + range << shift
            let (parts, isTooMuch) = try wide().multipliedReportingOverflow(by: UInt128(unit) << UInt128(shift))
            guard !isTooMuch, parts < UInt128(Int64.max) << 62 else { throw Self.beyond }
            sum += Int128(parts)
            buckets = try self.buckets(from: minimum, to: maximum, weight, unit)
        }
        guard
            let distribution = Distribution(
                count: count, weight: Microseconds(weight), minimum: minimum, maximum: maximum, sum: sum, buckets: buckets)
        else { throw Malformed(description: "a distribution that contradicts itself") }
        return distribution
    }

    private mutating func buckets(
        from minimum: Int64, to maximum: Int64, _ weight: Int64, _ unit: Int64
    ) throws(Malformed) -> [Int64] {
        let last = Buckets.index(of: maximum) - Buckets.index(of: minimum)
        guard last > 0 else { return [weight] }
        return try bits { (bits) throws(Malformed) in
            var buckets = [Int64](repeating: 0, count: last + 1)
            var rest = weight
            var index = 0
            let order = Int(try bits.read(bits: RowCoding.orderBits))
            while index < last {
                let part = try Self.product(Int64(try bits.read(order: order)) + 1, unit)
                guard part < rest else { throw Malformed(description: "buckets that hold more than there is") }
                rest -= part
                buckets[index] = part
                let gap = try bits.read(order: 0)
                guard gap < UInt64(last - index) else { throw Malformed(description: "a bucket beyond the greatest value") }
                index += Int(gap) + 1
            }
            buckets[last] = rest
            return buckets
        }
    }

    private static var beyond: Malformed { Malformed(description: "a value beyond all numbers") }

    private static func product(_ a: Int64, _ b: Int64) throws(Malformed) -> Int64 {
        let (product, isBeyond) = a.multipliedReportingOverflow(by: b)
        guard !isBeyond, product > 0 else { throw Malformed(description: "a weight of \(a) x \(b)") }
        return product
    }
}

private enum RowCoding {
    /// In how many bits the order of the codes of a distribution is written.
    static let orderBits = 6
    static let pageBits: Int64 = 12

    // Beside the bits of metrics, of which there is room for 18.

    static let split: UInt64 = 1 << 19
    static let share: UInt64 = 1 << 20

    /// Counters are in microseconds of a core, memory is in pages.
    static let cpuGrain: Int128 = 1000
    static let memoryGrain: Int128 = 4096
    static let mostOfPart: Int128 = 1 << 100
}
