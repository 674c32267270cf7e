import Testing

@testable import surplus_sim

@Suite("What a report says of credits")
struct CreditSectionTests {
    @Test("What nodes earned is a section with the curve, the coefficient and the shares of those with most")
    func section() throws {
        let section = try #require(CreditSection.section([1_000_000, 1_000_000, 2_000_000, 4_000_000]))
        let figure = try #require(section.figures.first)
        let parsed = try ParsedMarkup.of(figure.plot)
        #expect(parsed.texts("text").contains("as they are held (Gini 0.417)"))
        #expect(figure.table?.rows.contains(["the 50% of nodes with most", "75.00%"]) == true)
        #expect(section.words.contains { $0.hasPrefix("4 nodes earned 8 credits") })
    }

    @Test("Where nobody earned anything there is no section")
    func nothing() {
        #expect(CreditSection.section([]) == nil)
        #expect(CreditSection.section([0, 0]) == nil)
    }
}
