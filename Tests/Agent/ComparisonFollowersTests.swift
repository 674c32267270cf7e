import Node
import Resources
import Testing

@testable import Agent

@Suite("Who follows comparisons of ledgers")
struct ComparisonFollowersTests {
    private let first = NodeID(high: 0, low: 1)
    private let second = NodeID(high: 0, low: 2)
    private let one = ReconciliationID(high: 1, low: 1)
    private let other = ReconciliationID(high: 1, low: 2)
    private let busy = Refusal(term: "reconciliation", reason: "it compares with others", retryAfter: .minutes(1))

    private func stream() -> (AsyncStream<ComparisonNews>, ComparisonFollowers.Stream) {
        AsyncStream.makeStream(of: ComparisonNews.self)
    }

    @Test("Two who ask for the same peer at once get the same comparison and its outcome; another peer's is its own")
    func joined() async throws {
        var followers = ComparisonFollowers()
        let ((mine, begins), (yours, joins), (_, apart)) = (stream(), stream(), stream())
        let ids = [
            followers.follow(first, as: one, begins), followers.follow(first, as: other, joins),
            followers.follow(second, as: other, apart),
        ]
        #expect(ids == [one, one, other])
        let (begun, ended) = (followers.told(one, .comparing(7)), followers.told(one, .refused(busy)))
        let (streams, told) = try #require(begun)
        let (all, last) = try #require(ended)
        #expect(streams.count == 2 && all.count == 2 && !last.isPeers)
        for stream in all {
            stream.yield(told)
            stream.finish()
        }
        for await news in mine { #expect(news.news == .comparing(7)) }
        for await news in yours { #expect(news.news == .comparing(7)) }
        let (after, apartly) = (followers.told(one, .comparing(8)), followers.told(other, .comparing(8)))
        #expect(after?.news == nil && apartly?.streams.count == 1)
    }

    @Test("A refusal is a peer's word when that peer has said it, and this node's otherwise")
    func words() {
        var followers = ComparisonFollowers()
        _ = followers.follow(first, as: one, stream().1)
        _ = followers.follow(second, as: other, stream().1)
        followers.heard(busy, from: first)
        let (theirs, own) = (followers.told(one, .refused(busy)), followers.told(other, .refused(busy)))
        #expect(theirs?.news.isPeers == true && own?.news.isPeers == false)
        // What was said of an earlier comparison says nothing of the next.
        _ = followers.follow(first, as: one, stream().1)
        let next = followers.told(one, .refused(busy))
        #expect(next?.news.isPeers == false)
    }

    @Test("A comparison that nobody follows any more is begun anew by the next who asks")
    func left() {
        var followers = ComparisonFollowers()
        _ = followers.follow(first, as: one, stream().1)
        _ = followers.follow(first, as: other, stream().1)
        followers.leave(one)
        let joined = followers.follow(first, as: other, stream().1)
        followers.leave(one)
        followers.leave(one)
        let anew = followers.follow(first, as: other, stream().1)
        #expect(joined == one && anew == other)
        let forgotten = followers.told(one, .comparing(1))
        #expect(forgotten?.news == nil)
    }
}
