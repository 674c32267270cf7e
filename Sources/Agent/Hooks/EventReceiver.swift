import Bookkeeping
import LedgerStore

/// Something that is told of events, one after the other, in the order of the story.
protocol EventReceiver: Sendable {
    /// What it goes by in the log and, where its place is kept, in the ledger.
    var name: String { get }
    /// Whether it is told of what happened while the agent was not running, and again of what it may have missed: at least
    /// once. Others are told at most once, and only of what happens while the agent runs.
    var isDurable: Bool { get }

    /// Whether it is to be told of an event.
    func wants(_ event: Event) -> Bool
    func take(_ event: StoredEvent) async -> Delivery
}

/// What came of telling a receiver of an event.
enum Delivery: Hashable, Sendable {
    case done
    /// The same would come of another try.
    case refused(String)
    /// Another try may succeed.
    case failed(String)
}
