import Resources
import Testing

@Suite("Prices")
struct PriceTests {
    @Test("A core-hour costs its price and a GiB-hour costs its own")
    func units() {
        let prices = Prices(cpu: 1_000_000, memory: 200_000)
        let hour = Usage(of: Amounts(cpu: .cores(1), memory: .gibibytes(1)), for: .hours(1))
        #expect(prices.cost(of: Usage(cpu: hour.cpu)) == 1_000_000)
        #expect(prices.cost(of: Usage(memory: hour.memory)) == 200_000)
        #expect(prices.cost(of: hour) == 1_200_000)
    }

    @Test("The sum is rounded down once, not each resource for itself")
    func roundedOnce() {
        // Half a microcredit of each.
        let usage = Usage(cpu: CoreMicroseconds(1800), memory: MiBSeconds(1024 * 1800))
        #expect(Prices(cpu: 1_000_000, memory: .zero).cost(of: usage) == .zero)
        #expect(Prices(cpu: .zero, memory: 1).cost(of: usage) == .zero)
        #expect(Prices(cpu: 1_000_000, memory: 1).cost(of: usage) == 1)
    }

    @Test("However a lease's usage is cut into receipts, they come to the same total")
    func splits() {
        var random = SeededGenerator(seed: 21)
        for _ in 0..<500 {
            let prices = Prices(
                cpu: Microcredits(Int64.random(in: 0...3_000_000, using: &random)),
                memory: Microcredits(Int64.random(in: 0...3_000_000, using: &random)))
            var usage = Usage.zero
            var paid = Microcredits.zero
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                usage =
                    usage
                    + Usage(
                        cpu: CoreMicroseconds(Int64.random(in: 0...10_000_000_000, using: &random)),
                        memory: MiBSeconds(Int64.random(in: 0...10_000_000, using: &random)))
                let amount = prices.cost(of: usage) - paid
                #expect(amount >= .zero)
                paid += amount
            }
            #expect(paid == prices.cost(of: usage))
        }
    }

    @Test("The ceiling of a lease is never below what it costs")
    func ceiling() {
        var random = SeededGenerator(seed: 22)
        for _ in 0..<1000 {
            let amounts = Amounts(
                cpu: Millicores(Int64.random(in: 0...64_000, using: &random)),
                memory: Bytes(Int64.random(in: 0...Bytes.gibibytes(256).rawValue, using: &random)))
            let term = random.span(1 ... .days(2))
            let prices = Prices(
                cpu: Microcredits(Int64.random(in: 0...5_000_000, using: &random)),
                memory: Microcredits(Int64.random(in: 0...5_000_000, using: &random)))
            #expect(prices.cost(of: Usage(of: amounts, for: term)) <= prices.ceiling(for: amounts, term: term))
        }
    }

    @Test("Figures at the bounds, and beyond, give a price beyond all money and no trap")
    func extremes() {
        let prices = Prices(cpu: Bounds.price, memory: Bounds.price)
        let amounts = Amounts(cpu: Bounds.cpu, memory: Bounds.memory)
        #expect(prices.ceiling(for: amounts, term: Bounds.term) > Bounds.money)
        #expect(prices.cost(of: Usage(cpu: .init(.max), memory: .init(.max))) > Bounds.money)
        #expect(Millicores(.max).scaled(by: .max, over: 1) == Millicores(.max))
        #expect(Millicores(.min).scaled(by: .max, over: 1) == Millicores(.min))
    }

    @Test("Scaling rounds down, also below zero")
    func scaling() {
        #expect(Microcredits(7).scaled(by: 1, over: 2) == 3)
        #expect(Microcredits(-7).scaled(by: 1, over: 2) == -4)
        #expect(BasisPoints.percent(33).of(Millicores(1000)) == 330)
    }
}
