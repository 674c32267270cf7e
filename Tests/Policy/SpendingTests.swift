import Policy
import Resources
import TestKit
import Testing

@Suite("What rules have spent")
struct SpendingTests {
    @Test("A payment counts for its whole period and not a minute longer, also after the clock was set back")
    func window() {
        var spending = Spending()
        let start = Timestamp(microseconds: 1_767_225_600_000_000)
        spending.add(.credits(1), at: start)
        spending.add(.credits(2), at: start + .minutes(30))
        #expect(spending.sum(within: .hours(1), before: start + .minutes(59)) == .credits(3))
        #expect(spending.sum(within: .hours(1), before: start + .hours(1)) == .credits(3))
        #expect(spending.sum(within: .hours(1), before: start + .minutes(61)) == .credits(2))
        #expect(spending.sum(within: .hours(1), before: start + .minutes(91)) == .zero)
        #expect(spending.sum(within: .hours(1), before: start + .hours(-5)) == .credits(3))
        spending.add(.credits(4), at: start + .days(40))
        #expect(spending.sum(within: .days(60), before: start + .days(40)) == .credits(4))
    }
}
