import Configuration
import Policy
import Resources
import Testing

@Suite("Borrow rules in a policy file")
struct BorrowRuleTests {
    private func read(_ rule: String, before: String = "") throws(ConfigurationError) -> PolicyFile {
        let text = "name: test\nlend: nothing\nborrow:\n\(before)  rules:\n    - \(rule)\n"
        return try PolicyFile(bytes: Array(text.utf8), file: "p.yaml")
    }

    private static let least = "{name: a, when: load > 4, cpu: 2 cores, memory: 4 GiB"

    @Test("A rule is read with everything that it can say, and shown with it")
    func whole() throws {
        let file = try read(
            """
            {name: a, when: load > 4 for 2m, until: load < 2, cpu: 2 cores, memory: 4 GiB, least: {cpu: 1 core}, nodes: 3, from: [node2],
                   notice: firm, highest_price: {cpu: 1 credit}, term: 10 min, interval: 2 min, pay: [obligations, deferred, credits],
                   budget: {credits: 5 credits, per: week, at_once: 1 credit}, users: [bob, anna]}
            """, before: "  owes: {cpu: 1 core-hour}\n")
        let rule = try #require(file.policy.borrow.rules.first)
        #expect(rule.amounts == Amounts(cpu: .cores(2), memory: .gibibytes(4)) && rule.least.cpu == .cores(1))
        #expect(rule.nodes == 3 && rule.leastNotice == .firm && rule.term == .minutes(10) && rule.interval == .minutes(2))
        #expect(rule.pays == [.obligations, .deferred, .credits])
        #expect(rule.budget == .init(credits: .credits(5), period: .week, atOnce: .credits(1)))
        #expect(rule.users == ["anna", "bob"] && rule.admits(user: "bob") && !rule.admits(user: "eve"))
        let shown = Dictionary(PolicyOutline(file.policy).settings.map { ($0.key, $0.value) }) { first, _ in first }
        #expect(shown["borrow.rules[a].until"] == "load < 2" && shown["borrow.rules[a].budget.per"] == "week")
        #expect(shown["borrow.rules[a].users"] == "[anna, bob]")
    }

    @Test(
        "What cannot be meant is refused with its place",
        arguments: [
            ("}", "p.yaml:5:7", "needs the key 'budget'"),
            (", budget: {credits: 1 credit, per: year}}", "p.yaml:5:", "'year'"),
            (
                ", budget: {credits: 1 credit, per: day, at_once: 2 credits}}", "p.yaml:5:",
                "above the 1 credit of the whole budget"
            ),
            (", pay: [deferred], budget: {credits: 1 credit, per: day}}", "p.yaml:5:7", "owes nothing in kind"),
            (", pay: [obligations, obligations]}", "p.yaml:5:", "is there twice"),
            (", users: [anna, anna], pay: obligations}", "p.yaml:5:", "is there twice"),
            (", users: [], pay: obligations}", "p.yaml:5:", "leave it out for everybody"),
            (", until: load > 5, pay: obligations}", "p.yaml:5:", "borrowing would start and stop in turn"),
            (", frm: everyone, pay: obligations}", "p.yaml:5:", "did you mean 'from'?"),
        ])
    func refused(rest: String, place: String, complaint: String) {
        let error = #expect(throws: ConfigurationError.self) { try read(Self.least + rest) }
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(place) && text.contains(complaint), "\(text)")
    }

    @Test("Two rules of one name are refused")
    func twice() {
        let rule = Self.least + ", pay: obligations}"
        let error = #expect(throws: ConfigurationError.self) { try read(rule + "\n    - " + rule) }
        #expect(error.map { "\($0)" }?.contains("is in p.yaml:5:7 already") == true)
    }
}
