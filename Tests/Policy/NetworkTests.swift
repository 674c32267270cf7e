import Policy
import Resources
import Testing

@Suite("The network of guests")
struct NetworkTests {
    private let anna = Borrower(id: NodeID(high: 1, low: 1), name: "node1", roles: ["borrower"], user: "anna")
    private let allowed = OutboundNetwork(rate: BitsPerSecond(1_000_000))

    private func policy(_ network: OutboundNetwork?, _ rules: LimitRule...) -> LendingPolicy {
        let groups = [Group(name: "render", peers: ["node1"])]
        return LendingPolicy(name: "test", limits: LimitBook(rules: rules, groups: groups), network: network)
    }

    private func refusal(_ policy: LendingPolicy) -> Refusal? {
        do throws(Refusal) { _ = try policy.network(for: anna) } catch { return error }
        return nil
    }

    @Test("There is none unless the policy says so, and the refusal names term, policy and remedy")
    func off() {
        let refusal = refusal(policy(nil))
        #expect(refusal?.term == "network" && refusal?.retryAfter == nil)
        #expect(refusal?.reason == "policy 'test' gives guests no network; ask for none, or ask another node")
    }

    @Test("What is allowed is given as it stands")
    func on() throws { #expect(try policy(allowed).network(for: anna) == allowed) }

    @Test("The most specific limit decides, and only one that is in force")
    func limits() throws {
        let nobody = LimitRule(.everyone, network: false)
        let render = LimitRule(.group("render"), network: true)
        #expect(try policy(allowed, nobody, render).network(for: anna) == allowed)
        #expect(try policy(allowed, render, LimitRule(.peer("node2"), network: false)).network(for: anna) == allowed)
        let refused = policy(allowed, nobody, render, LimitRule(.user("anna", at: nil), network: false))
        #expect(refusal(refused)?.reason.hasPrefix("policy 'test' gives guests of user anna@* no network") == true)
        #expect(try refused.network(for: anna, isInForce: { $0 != 2 }) == allowed)
    }
}
