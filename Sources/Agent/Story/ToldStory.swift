import Bookkeeping
import Node
import Resources
import Trading
import Wire

/// The other side's story as a peer told it: checked, bounded, and on this node's clock.
struct ToldStory: Sendable {
    /// The longest text of one event, in bytes.
    private static let longestText = 2000
    private static let mostSubjects = 128
    private static let mostDetails = 64

    let events: [Surplus_V1_EventInfo]
    let leases: [Surplus_V1_LeaseView]
    let isShortened: Bool
    /// Its clock minus this node's.
    let clockOffset: Microseconds
    let roundTrip: Microseconds

    /// - Parameters:
    ///   - asked: this node's clock when the peer was asked, and `answered` when it had answered.
    /// - Throws: `FieldError` for what no honest peer says.
    init(_ reply: Surplus_V1_StoryReply, of teller: NodeID, asked: Timestamp, answered: Timestamp) throws(FieldError) {
        try Field.count(reply.events, atMost: PoolMembership.longestStory, "events")
        try Field.count(reply.leases, atMost: PoolMembership.longestStory, "leases")
        roundTrip = max(.zero, answered - asked)
        // The reply was made half a round trip ago, as far as can be known (Cristian, "Probabilistic clock synchronization", 1989).
        let middle = asked + Microseconds(roundTrip.rawValue / 2)
        let offset = try Field.timestamp(reply.utcMicroseconds, "utc_microseconds") - middle
        clockOffset = offset
        isShortened = reply.shortened
        var events: [Surplus_V1_EventInfo] = []
        for event in reply.events { events.append(try Self.checked(event, of: teller, ahead: offset)) }
        self.events = events
        var leases: [Surplus_V1_LeaseView] = []
        for lease in reply.leases { leases.append(try Self.checked(lease, ahead: offset)) }
        self.leases = leases
    }

    private static func checked(
        _ event: Surplus_V1_EventInfo, of teller: NodeID, ahead: Microseconds
    ) throws(FieldError) -> Surplus_V1_EventInfo {
        try Field.count(event.subjects, atMost: mostSubjects, "events.subjects")
        try Field.count(event.details, atMost: mostDetails, "events.details")
        var checked = Surplus_V1_EventInfo()
        checked.sequence = event.sequence
        checked.at = (try Field.timestamp(event.at, "events.at") + -ahead).microseconds
        checked.kind = try Field.text(event.kind, atMost: 64, "events.kind")
        checked.text = try Field.text(event.text, atMost: longestText, "events.text")
        for subject in event.subjects { checked.subjects.append(try Field.text(subject, atMost: 128, "events.subjects")) }
        for (name, value) in event.details {
            checked.details[try Field.text(name, atMost: 64, "events.details")] = try Field.text(
                value, atMost: longestText, "events.details")
        }
        checked.side = teller.description
        return checked
    }

    private static func checked(
        _ view: Surplus_V1_LeaseView, ahead: Microseconds
    ) throws(FieldError) -> Surplus_V1_LeaseView {
        let _: LeaseID = try Field.identifier(view.lease, "leases.lease")
        _ = try Terms(view.terms, "leases.terms")
        _ = try Amounts(view.amounts, "leases.amounts")
        _ = try Field.text(view.role, atMost: 16, "leases.role")
        _ = try Field.text(view.state, atMost: 16, "leases.state")
        _ = try Field.money(view.chargedMicrocredits, "leases.charged_microcredits")
        _ = try Field.money(view.disputedMicrocredits, "leases.disputed_microcredits")
        var checked = view
        checked.endsAt = (try Field.timestamp(view.endsAt, "leases.ends_at") + -ahead).microseconds
        return checked
    }
}

extension ToldStory {
    /// Where two sides do not agree about the leases between them, in sentences.
    ///
    /// - Parameter name: of the other side.
    func differences(from own: [Surplus_V1_LeaseView], name: String) -> [String] {
        var found: [String] = []
        if abs(clockOffset.rawValue) > (Timing.clockSlack + roundTrip).rawValue {
            let side = clockOffset > .zero ? "ahead of" : "behind"
            found.append("the clock of \(name) is \(Microseconds(abs(clockOffset.rawValue)).shortText) \(side) this node's")
        }
        for here in own {
            guard let there = leases.first(where: { $0.lease == here.lease }) else { continue }
            func differ(_ what: String, _ a: String, _ b: String) {
                if a != b { found.append("\(here.lease): \(what) \(a) here, \(b) on \(name)") }
            }
            differ("it is", Self.standing(here.state), Self.standing(there.state))
            differ("its terms are", Self.text(here.terms), Self.text(there.terms))
            if Self.standing(here.state) == "open", Self.standing(there.state) == "open" {
                differ("it gives", Self.text(here.amounts), Self.text(there.amounts))
                let apart = Microseconds(abs(here.endsAt - there.endsAt))
                // A borrower counts from its asking, which is before the lender's grant.
                if apart > Timing.clockSlack + roundTrip { found.append("\(here.lease): its end differs by \(apart.shortText)") }
            }
            differ("charged are", Microcredits(here.chargedMicrocredits).text, Microcredits(there.chargedMicrocredits).text)
            differ("disputed are", Microcredits(here.disputedMicrocredits).text, Microcredits(there.disputedMicrocredits).text)
        }
        return found
    }

    /// What counts of a state when two sides are compared: one may know sooner that it was granted or begun.
    private static func standing(_ state: String) -> String {
        switch Lease.State(rawValue: state) {
        case .promised, .granted, .active, .shrunk, nil:
            state == "suspect" || Lease.State(rawValue: state) != nil ? "open" : state
        case .reclaiming: "open"
        case .closed: "closed"
        case .settled: "settled"
        }
    }

    private static func text(_ terms: Surplus_V1_Terms) -> String {
        let price = terms.amounts.diskBytes > 0 ? terms.prices.diskPerGibHour : terms.prices.cpuPerCoreHour
        return "\(text(terms.amounts)) at \(Microcredits(price).text) for \(Microseconds(terms.termMicroseconds).text)"
    }

    private static func text(_ amounts: Surplus_V1_Amounts) -> String {
        Amounts(
            cpu: Millicores(amounts.cpuMillicores), memory: Bytes(amounts.memoryBytes), disk: Bytes(amounts.diskBytes)
        ).text
    }
}
