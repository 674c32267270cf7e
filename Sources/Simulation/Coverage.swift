import Bookkeeping
import Node
import Resources
import Trading

/// What runs came through: an empty place is something that no seed has tried.
package struct Coverage: Hashable, Codable, Sendable {
    /// How often, by name.
    package private(set) var faults: [String: Int] = [:]
    package private(set) var messages: [String: Int] = [:]
    /// Kinds of events that nodes told: what negotiations and settlements came to.
    package private(set) var events: [String: Int] = [:]
    /// Of leases, as `lender: active -> shrunk`.
    package private(set) var transitions: [String: Int] = [:]

    package init() {}

    mutating func note(_ fault: Fault) { faults[fault.word.rawValue, default: 0] += 1 }
    mutating func note(message: String) { messages[message, default: 0] += 1 }
    mutating func note(event: String) { events[event, default: 0] += 1 }

    /// Notes what records that are about to be written make of the leases on a disk.
    mutating func note(_ records: [Record], on disk: Disk) {
        var states: [LeaseID: Lease.State] = [:]
        for case .state(.lease, _, let entry as LeaseEntry) in records {
            note(entry.lease, from: states[entry.id] ?? disk.lease(entry.id)?.lease.state)
            states[entry.id] = entry.lease.state
        }
    }

    /// - Parameter before: `nil` when there was no such lease yet.
    private mutating func note(_ lease: Lease, from before: Lease.State?) {
        guard before != lease.state else { return }
        // the last receipt may close a lease and settle it at once
        let steps = lease.state == .settled && before != .closed ? [before, .closed, .settled] : [before, lease.state]
        for (from, to) in zip(steps, steps.dropFirst()) {
            guard let to else { continue }
            transitions[Self.transition(lease.role, from, to), default: 0] += 1
        }
    }

    private static func transition(_ role: Lease.Role, _ from: Lease.State?, _ to: Lease.State) -> String {
        "\(role.rawValue): \(from?.rawValue ?? "agreed") -> \(to.rawValue)"
    }

    package mutating func add(_ other: Coverage) {
        faults.merge(other.faults, uniquingKeysWith: +)
        messages.merge(other.messages, uniquingKeysWith: +)
        events.merge(other.events, uniquingKeysWith: +)
        transitions.merge(other.transitions, uniquingKeysWith: +)
    }

    // MARK: What there is to come through

    /// What no run came through, each with what it is.
    package var missing: [String] {
        func absent(_ what: String, _ all: [String], _ seen: [String: Int]) -> [String] {
            all.filter { seen[$0] == nil }.map { "\(what) \($0)" }
        }
        return absent("fault", Fault.Word.allCases.map(\.rawValue), faults) + absent("message", Self.allMessages, messages)
            + absent("event", EventKinds.decided, events) + absent("transition", Self.allTransitions, transitions)
    }

    /// How many things there are to come through.
    package static var total: Int {
        Fault.Word.allCases.count + allMessages.count + EventKinds.decided.count + allTransitions.count
    }

    static let allMessages =
        [
            "propose", "answer", "withdraw", "accept", "committed", "declined", "inquire", "renew", "renewed", "release",
            "reclaim",
            "resized", "closed", "receipt", "receipt-answer", "claims", "adjust", "adjusted", "dispute", "dispute-answer",
            "resolve", "resolved",
        ] + NettingMessage.allNames + DecayMessage.allNames + ReconciliationMessage.usualNames

    /// Those that ``Lease`` makes on either side.
    static let allTransitions: [String] = {
        let lender: [(Lease.State?, [Lease.State])] = [
            (nil, [.promised, .granted]), (.promised, [.granted, .reclaiming, .closed]),
            (.granted, [.active, .shrunk, .reclaiming, .closed]), (.active, [.shrunk, .reclaiming, .closed]),
            (.shrunk, [.active, .reclaiming, .closed]), (.reclaiming, [.closed]), (.closed, [.settled]),
        ]
        let borrower: [(Lease.State?, [Lease.State])] = [
            // a lender whose clock is ahead may have begun already, and shrunk it
            (nil, [.promised, .active]), (.promised, [.active, .shrunk, .reclaiming, .closed]),
            (.active, [.shrunk, .reclaiming, .closed]), (.shrunk, [.active, .reclaiming, .closed]), (.reclaiming, [.closed]),
            (.closed, [.settled]),
        ]
        return [(Lease.Role.lender, lender), (.borrower, borrower)].flatMap { role, table in
            table.flatMap { from, targets in targets.map { transition(role, from, $0) } }
        }
    }()
}
