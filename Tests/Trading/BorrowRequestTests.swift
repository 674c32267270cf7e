import Resources
import TestKit
import Testing
import Trading

@Suite("Borrow request")
struct BorrowRequestTests {
    private var clock = ManualClock()

    private let want = Want(
        amounts: Amounts(cpu: .cores(2), memory: .gibibytes(1)), least: Amounts(cpu: .cores(1), memory: .gibibytes(1)),
        term: .minutes(10), maxPrices: Prices(cpu: 1_500_000, memory: 200_000), user: "ana")

    private func request(peers: Int) -> BorrowRequest {
        var random = SeededGenerator(seed: 1)
        return BorrowRequest(
            id: RequestID(high: 1, low: 1), want: want, peers: (0..<UInt64(peers)).map(peer), now: clock.now, random: &random)
    }

    private func offer(_ terms: Terms, ttl: Microseconds = .seconds(10)) -> Answer.Outcome {
        .offered(terms, timeToLive: ttl, creditLimit: .credits(10))
    }

    /// The answer of the peer at `index` to the round it was last asked in.
    @discardableResult
    private func answer(_ request: inout BorrowRequest, _ index: Int, _ outcome: Answer.Outcome) -> [BorrowRequest.Outgoing] {
        let talk = request.talks[index]
        let answer = Answer(negotiation: talk.negotiation, round: talk.round, outcome: outcome)
        return request.take(answer, from: talk.peer, at: clock.now)
    }

    // MARK: Choosing

    @Test("It decides once everyone has answered, for the cheapest offer")
    func cheapest() {
        var request = request(peers: 3)
        answer(&request, 0, offer(terms(price: 1_200_000)))
        answer(&request, 1, offer(terms(price: 900_000)))
        #expect(request.verdict(at: clock.now) == .waiting)
        answer(&request, 2, .rejected(Refusal(term: "cpu", reason: "nothing is free")))
        #expect(request.verdict(at: clock.now) == .best([1]))
        #expect(request.withdrawals(except: [1]).map(\.peer) == [peer(0)])
    }

    @Test("At the same price the larger offer wins, then the longer, then the peer asked first")
    func ties() {
        var larger = request(peers: 2)
        answer(&larger, 0, offer(terms(cores: 1)))
        answer(&larger, 1, offer(terms(cores: 2)))
        #expect(larger.verdict(at: clock.now) == .best([1]))
        var longer = request(peers: 2)
        answer(&longer, 0, offer(terms(term: .minutes(5))))
        answer(&longer, 1, offer(terms(term: .minutes(10))))
        #expect(longer.verdict(at: clock.now) == .best([1]))
        var equal = request(peers: 2)
        for index in 0..<2 { answer(&equal, index, offer(terms())) }
        #expect(equal.verdict(at: clock.now) == .best([0]))
    }

    private static let unacceptable: [(Terms, String)] = [
        (terms(price: 1_500_001), "price"), (terms(memory: .mebibytes(512)), "amount"), (terms(cores: 3), "amount"),
        (terms(memory: .gibibytes(2)), "amount"), (terms(term: .minutes(11)), "term"), (terms(price: -1), "terms"),
        (terms(term: -1), "terms"),
    ]

    @Test("An offer that is not within what was asked for is turned down", arguments: unacceptable)
    func objections(_ terms: Terms, _ term: String) {
        var request = request(peers: 1)
        let outgoing = answer(&request, 0, offer(terms))
        #expect(outgoing.map(\.message) == [.withdraw(request.talks[0].negotiation)])
        guard case .rejected(let refusal) = request.talks[0].state else { return #expect(Bool(false), "accepted") }
        #expect(refusal.term == term)
        #expect(request.verdict(at: clock.now) == .hopeless)
    }

    // MARK: Whose word counts

    @Test("Answers that come twice, to another round or from another peer change nothing")
    func strays() {
        var request = request(peers: 2)
        let talk = request.talks[0]
        let good = Answer(negotiation: talk.negotiation, round: 1, outcome: offer(terms()))
        let before = request
        #expect(request.take(good, from: peer(1), at: clock.now) == [])
        for round in [0, 2, .max, .min] {
            let other = Answer(negotiation: talk.negotiation, round: round, outcome: good.outcome)
            #expect(request.take(other, from: talk.peer, at: clock.now) == [])
        }
        #expect(request == before)
        #expect(request.take(good, from: talk.peer, at: clock.now) == [])
        let once = request
        let change = Answer(negotiation: talk.negotiation, round: 1, outcome: .rejected(Refusal(term: "cpu", reason: "no")))
        for repeated in [good, change] { #expect(request.take(repeated, from: talk.peer, at: clock.now) == []) }
        #expect(request == once)
    }

    @Test("An offer counts for as long as it binds, and for no longer than offers may", arguments: [2, 3600] as [Int64])
    mutating func lapsing(_ seconds: Int64) {
        var request = request(peers: 1)
        answer(&request, 0, offer(terms(), ttl: .seconds(seconds)))
        let binding = min(.seconds(seconds), Negotiating.offerTime)
        #expect(request.verdict(at: clock.now + (binding - 1)) == .best([0]))
        #expect(request.verdict(at: clock.now + binding) == .hopeless)
    }

    @Test("An absurd time to live is no offer, and no trap", arguments: [Int64.min, -1, 0])
    func absurdTime(_ ttl: Int64) {
        var request = request(peers: 2)
        answer(&request, 0, offer(terms(), ttl: Microseconds(ttl)))
        answer(&request, 1, .rejected(Refusal(term: "cpu", reason: "no")))
        #expect(request.verdict(at: clock.now + .minutes(1)) == .hopeless)
    }

    // MARK: Haggling

    @Test("A counterproposal that would do is taken up in the next round")
    func counter() {
        var request = request(peers: 1)
        let outgoing = answer(&request, 0, .countered(terms(cores: 1, term: .minutes(5)), reason: "that is all"))
        guard case .propose(let proposal)? = outgoing.first?.message else { return #expect(Bool(false), "no proposal") }
        #expect(proposal.round == 2 && proposal.terms == terms(cores: 1, term: .minutes(5)))
        #expect(request.verdict(at: clock.now) == .waiting)
    }

    @Test("A price too high is answered with the highest bid, for at most four rounds")
    func haggling() {
        var request = request(peers: 1)
        for round in 2...Negotiating.rounds {
            let outgoing = answer(&request, 0, .countered(terms(price: 2_000_000), reason: "too low"))
            guard case .propose(let proposal)? = outgoing.first?.message else { return #expect(Bool(false), "no proposal") }
            #expect(proposal.round == round && proposal.terms.prices.cpu == want.maxPrices.cpu)
        }
        let last = answer(&request, 0, .countered(terms(price: 2_000_000), reason: "too low"))
        #expect(last.map(\.message) == [.withdraw(request.talks[0].negotiation)])
        #expect(request.verdict(at: clock.now) == .hopeless)
    }

    @Test("A counterproposal of less than would do ends the conversation")
    func tooLittle() {
        var request = request(peers: 1)
        answer(&request, 0, .countered(terms(memory: .mebibytes(1)), reason: "that is all"))
        #expect(request.verdict(at: clock.now) == .hopeless)
    }

    // MARK: Time

    @Test("A proposal without an answer is sent again every half second, and given up after two")
    mutating func silence() {
        var request = request(peers: 2)
        answer(&request, 1, offer(terms()))
        let negotiation = request.talks[0].negotiation
        var sent: [TradeMessage] = []
        for _ in 0..<30 {
            clock.advance(by: .milliseconds(100))
            sent += request.tick(at: clock.now).map(\.message)
        }
        let proposal = request.proposals[0].message
        #expect(sent == [proposal, proposal, proposal, .withdraw(negotiation)])
        #expect(request.talks[0].state == .silent)
        #expect(request.verdict(at: clock.now) == .best([1]))
        #expect(request.nextTick(at: clock.now) == nil)
    }

    @Test("It says when it must be looked at next")
    mutating func nextTick() {
        var request = request(peers: 1)
        #expect(request.nextTick(at: clock.now) == clock.now.instant + Negotiating.resendAfter)
        clock.advance(by: Negotiating.resendAfter)
        _ = request.tick(at: clock.now)
        #expect(request.nextTick(at: clock.now) == clock.now.instant + Negotiating.resendAfter)
    }
}
