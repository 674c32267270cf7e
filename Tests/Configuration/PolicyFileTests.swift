import Configuration
import Policy
import Resources
import ShippedPolicies
import Testing

@Suite("Policy files")
struct PolicyFileTests {
    @Test("blade.yaml lends as it says")
    func blade() throws {
        let file = try PolicyFile.shipped(.blade)
        let expected = LendingPolicy(
            name: "blade",
            cpu: ResourceRule(threshold: .percent(80), share: .percent(75), price: .credits(1), floor: 800_000),
            memory: ResourceRule(threshold: .percent(75), share: .percent(50), price: 200_000, floor: 160_000),
            disk: ResourceRule(threshold: .percent(80), share: .percent(50), price: 500),
            credit: CreditRule(newcomers: 250_000))
        #expect(file.policy == expected)
        #expect(file.notes.isEmpty)
    }

    @Test("closed.yaml lends nothing and may borrow")
    func closed() throws {
        let policy = try PolicyFile.shipped(.closed).policy
        #expect(!policy.lendsAnything)
        #expect(policy.credit == CreditRule(granted: .zero, owes: .credits(10)))
        #expect(policy.borrow.maximumPrices.cpu == .credits(2))
    }

    @Test("Every key is read")
    func everyKey() throws {
        let text = """
            name: mine
            lend:
              cpu: {threshold: 50%, share: 40%, price: 2, floor: 1.5}
              memory: {threshold: 60%, share: 30%, price: 0.1}
              disk: {keep_free: 25%, share: 50%, price: 0.01, floor: 80%}
              to: [node1, nde_00000000000000000000000001]
              except: [node2]
              longest_term: 1 h
              shortest_term: 30s
              renewable: false
              notice: firm
              leases: 3
            credit:
              {grants: 1, newcomers: 0.5, raise: 3, owes: 2, net: daily, decay: {rate: 2.5%, idle: 10 d}, disputes: {tolerance: 5%, drop_after: never, give_back_after: 10d}}
            borrow: {highest_price: {cpu: 3, memory: 4, disk: 0.5}}
            """
        let expected = LendingPolicy(
            name: "mine",
            cpu: ResourceRule(threshold: .percent(50), share: .percent(40), price: .credits(2), floor: 1_500_000),
            memory: ResourceRule(threshold: .percent(60), share: .percent(30), price: 100_000),
            disk: ResourceRule(
                threshold: .percent(75), share: .percent(50),
                pricing: Pricing(whenIdle: 10_000, whenScarce: 10_000, floor: .share(.percent(80)))),
            borrowers: Borrowers(.only(["node1", "nde_00000000000000000000000001"]), except: ["node2"]),
            longestTerm: .hours(1), shortestTerm: .seconds(30), renewable: false, notices: .only(.firm), maximumLeases: 3,
            credit: CreditRule(
                granted: .credits(1), newcomers: 500_000, raise: 3, owes: .credits(2), nets: .daily,
                decay: DecayRule(rate: 250, idle: .days(10)),
                disputes: DisputeRule(tolerance: .percent(5), dropAfter: nil, giveBackAfter: .days(10))),
            borrow: BorrowRule(maximumPrices: Prices(cpu: .credits(3), memory: .credits(4), disk: 500_000)))
        #expect(try PolicyFile(bytes: Array(text.utf8), file: "p.yaml").policy == expected)
    }

    @Test(
        "Idle credits decay by a rate alone, or not at all",
        arguments: [("decay: 3%", DecayRule(rate: .percent(3))), ("decay: never", nil), ("owes: 1", nil)])
    func decay(_ text: String, _ rule: DecayRule?) throws {
        let base = "name: a\nlend: nothing\ncredit: {"
        let policy = try PolicyFile(bytes: Array("\(base)\(text)}\n".utf8), file: "p.yaml").policy
        #expect(policy.credit.decay == rule)
        let value = PolicyOutline(policy).settings.first { $0.key.hasPrefix("credit.decay") }?.value
        #expect(value == (rule?.rate.text ?? "never"))
    }

    @Test("What is odd but allowed is noted with its place")
    func notes() throws {
        let text = "name: a\nlend:\n  cpu: {threshold: 50%, share: 80%, price: 1}\n"
        let notes = try PolicyFile(bytes: Array(text.utf8), file: "p.yaml").notes
        #expect(notes.count == 2)
        #expect(notes.contains { $0.hasPrefix("p.yaml:3:32: lend.cpu.share is 80%, above the threshold") })
        #expect(notes.contains { $0.contains("programs need both") })
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let text: String
        let message: String
        init(_ text: String, _ message: String) { (self.text, self.message) = (text, message) }
        var testDescription: String { message }
    }

    static func lending(_ rest: String) -> String {
        "name: a\nlend:\n  cpu:\n    threshold: 80%\n    share: 75%\n    price: 1\n" + rest
    }

    static let faults = [
        Fault(
            "name: a\nlend:\n  cpu:\n    treshold: 80%\n",
            "p.yaml:4:5: unknown key 'treshold'; did you mean 'threshold'?"),
        Fault("nmae: a\n", "p.yaml:1:1: unknown key 'nmae'; did you mean 'name'?"),
        Fault("Name: a\n", "p.yaml:1:1: unknown key 'Name'; did you mean 'name'?"),
        Fault(
            "color: a\n",
            "p.yaml:1:1: unknown key 'color'; known are borrow, conditions, credit, groups, hooks, include, lend, limits, name, schedules"
        ),
        Fault("name: a\n", "p.yaml:1:1: needs the key 'lend'"),
        Fault("name: a\nlend: everything\n", "p.yaml:2:7: lend is 'everything'; known are nothing"),
        Fault("name: a\nlend:\n", "p.yaml:2:6: lend has no value; write one, or remove the key"),
        Fault("name: a\nlend: {}\n", "p.yaml:2:7: lend names none of cpu, memory and disk; name one, or write 'lend: nothing'"),
        Fault(
            "- a\n",
            "p.yaml:1:1: expected keys (name, include, schedules, conditions, groups, lend, limits, credit, borrow, hooks), not a list"
        ),
        Fault("name: [a]\nlend: nothing\n", "p.yaml:1:7: name should be a single value, not a list"),
        Fault(
            "name: a b\nlend: nothing\n",
            "p.yaml:1:7: name is 'a b'; write at most 63 letters, digits, points, dashes and underscores"),
        Fault("name: a\nlend: nothing\nname: b\n", "p.yaml:1:1: the key 'name' appears more than once; keep one"),
        Fault("name: a\nlend: nothing\n'name': b\n", "p.yaml:1:1: the key 'name' appears more than once; keep one"),
        Fault(
            "name: a\nlend:\n  cpu: {threshold: 80, share: 1%, price: 1}\n",
            "p.yaml:3:20: lend.cpu.threshold is wrong: '80' is not understood: "
                + "write a percentage with at most two digits behind the point, such as 80%"),
        Fault(
            "name: a\nlend:\n  cpu: {threshold: 120%, share: 1%, price: 1}\n",
            "p.yaml:3:20: lend.cpu.threshold is 120%, above the largest value, 100%"),
        Fault(
            "name: a\nlend:\n  cpu: {threshold: 0%, share: 1%, price: 1}\n",
            "p.yaml:3:20: lend.cpu.threshold is 0%, below the smallest value, 0.01%"),
        Fault(
            "name: a\nlend:\n  cpu: {threshold: 80%, share: 1%, price: -1}\n",
            "p.yaml:3:43: lend.cpu.price is -1 credits, below the smallest value, 0 credits"),
        Fault(
            "name: a\nlend:\n  cpu: {threshold: 80%, share: 1%, price: 1, floor: 2}\n",
            "p.yaml:3:53: lend.cpu.floor is 2 credits, above the price of 1 credit; lower one of them"),
        Fault("name: a\nlend:\n  cpu: {threshold: 80%, share: 1%}\n", "p.yaml:3:8: lend.cpu needs the key 'price'"),
        Fault(
            lending("  notice: frim\n"), "p.yaml:7:11: lend.notice is 'frim'; did you mean 'firm'?"),
        Fault(
            "name: a\nlend: nothing\ncredit: {decay: 60%}\n",
            "p.yaml:3:17: credit.decay is 60%, above the largest value, 50%"),
        Fault(
            "name: a\nlend: nothing\ncredit: {decay: {idle: 30d}}\n",
            "p.yaml:3:17: credit.decay has no 'rate': the part of idle credits that is lost, such as 2%; for nothing at all write 'never'"
        ),
        Fault(
            "name: a\nlend: nothing\ncredit: {decay: {rate: 1%, idle: 5s}}\n",
            "p.yaml:3:34: credit.decay.idle is 5 s, below the smallest value, 1 min"),
        Fault(lending("  leases: 0\n"), "p.yaml:7:11: lend.leases is '0'; write a whole number from 1 to 10000"),
        Fault(lending("  leases: 1.5\n"), "p.yaml:7:11: lend.leases is '1.5'; write a whole number from 1 to 10000"),
        Fault(lending("  renewable: yes\n"), "p.yaml:7:14: lend.renewable is 'yes'; write true or false"),
        Fault(
            "name: a\nlend: nothing\ncredit: {grants: 1, newcomers: 2}\n",
            "p.yaml:3:32: credit.newcomers is 2 credits, above the 1 credit that anyone may owe; lower one of them"),
        Fault(
            "name: a\nlend: nothing\ncredit: {raise: 1.5}\n",
            "p.yaml:3:17: credit.raise is '1.5'; write a whole number from 0 to 1000"),
        Fault(
            "name: a\nlend: nothing\ncredit: {disputes: {tolerance: 101%}}\n",
            "p.yaml:3:32: credit.disputes.tolerance is 101%, above the largest value, 100%"),
        Fault(
            "name: a\nlend: nothing\ncredit: {disputes: {drop_after: 1 min}}\n",
            "p.yaml:3:33: credit.disputes.drop_after is 1 min, below the smallest value, 1 h"),
        Fault(
            "name: a\nlend: nothing\nlimits: [{for: each peer, standing: -1}]\n",
            "p.yaml:3:37: limits[0].standing is '-1'; write a whole number from 0 to 10000"),
        Fault(lending("  to: everybody\n"), "p.yaml:7:7: lend.to is 'everybody'; did you mean 'everyone'?"),
        Fault(lending("  to: []\n"), "p.yaml:7:7: lend.to is an empty list; write nobody, or name somebody"),
        Fault(
            lending("  to: [nde_1]\n"),
            "p.yaml:7:8: lend.to[0] is 'nde_1', which looks like a node id but is none; copy it from 'surplus nodes'"),
        Fault(
            lending("  longest_term: 10s\n  shortest_term: 1 min\n"),
            "p.yaml:8:18: lend.shortest_term contradicts: the shortest term, 1 min, is above the longest, 10 s"),
    ]

    @Test("Each fault is one error that names the place, the fault and the remedy", arguments: faults)
    func fault(_ fault: Fault) {
        let error = #expect(throws: ConfigurationError.self) {
            try PolicyFile(bytes: Array(fault.text.utf8), file: "p.yaml")
        }
        #expect(error?.description == fault.message)
    }
}
