import Bookkeeping
import Node
import Resources
import Trading

// What must hold of firm leases.

/// What a lender has told of the end of a firm lease.
struct FirmWord: Hashable, Sendable {
    /// When it ends at the soonest, by the world's clock.
    var until: Instant
    var renewals: Int
    var isUnderNotice: Bool
}

extension World {
    private static let withNotice = "a firm lease is ended by its term, or by its owner after its notice"
    private static let asForecast = "no more is promised firmly than the forecast allows"

    /// Before an event: the owner and the ladder may end a lease at once, which pays for the notice.
    mutating func noteEndAtOnce(_ event: NodeEvent, _ index: Int) {
        switch event {
        case .reclaim(let lease, atOnce: true, _): nodes[index].endedAtOnce.insert(lease)
        case .pause(_, _, atOnce: true): nodes[index].endedAtOnce.formUnion(lentLeases(index))
        default: break
        }
    }

    /// What has become durable on a lender is its word.
    mutating func keepFirmWord(_ records: [Record], _ index: Int) {
        for case .state(.lease, _, let entry as LeaseEntry) in records {
            guard entry.lease.role == .lender, entry.lease.terms.notice == .firm else { continue }
            if entry.lease.isOpen { hear(entry.lease, index) } else { checkEarlyEnd(entry.lease, index) }
        }
    }

    private mutating func hear(_ lease: Lease, _ index: Int) {
        let before = nodes[index].firmWords[lease.id]
        let end = now + lease.ends.remaining(at: moment(index))
        let isUnderNotice = lease.state == .reclaiming
        guard let before, before.renewals == lease.renewals else {
            nodes[index].firmWords[lease.id] = FirmWord(until: end, renewals: lease.renewals, isUnderNotice: isUnderNotice)
            return
        }
        let mayEnd = isUnderNotice && !before.isUnderNotice ? min(before.until, now + NoticeClass.firm.notice) : before.until
        expect(end, noSoonerThan: mayEnd, lease, index)
        nodes[index].firmWords[lease.id] = FirmWord(until: mayEnd, renewals: lease.renewals, isUnderNotice: isUnderNotice)
    }

    /// A lease that its lender ends, because of its term or of its owner.
    private mutating func checkEarlyEnd(_ lease: Lease, _ index: Int) {
        guard let word = nodes[index].firmWords.removeValue(forKey: lease.id), let closed = lease.closedAt,
            lease.endReason == .revoked || lease.endReason == .expired
        else { return }
        expect(now + closed.remaining(at: moment(index)), noSoonerThan: word.until, lease, index)
    }

    private mutating func expect(_ end: Instant, noSoonerThan word: Instant, _ lease: Lease, _ index: Int) {
        // Whose civil time was set while its machine was down cannot tell any more how long its leases have lasted.
        guard !nodes[index].hasLostTime, !nodes[index].hasForged, !nodes[index].endedAtOnce.contains(lease.id),
            nodes[index].node?.pause?.atOnce != true
        else { return }
        let early = word - end
        guard early > Self.firmTolerance else { return }
        violate(Self.withNotice, index, "\(lease.id) ends \(early.shortText) before it may: \(lease.reason)")
    }

    /// For what commits take, and what clocks differ by over the longest terms there are here.
    private static let firmTolerance = Microseconds.seconds(2)

    /// When something is promised firmly: all that is, together with it, is within what the forecast allows for its term.
    mutating func checkFirmPromise(_ record: Record, _ index: Int) {
        let now = moment(index)
        switch record {
        // What is promised of disk is no matter of forecasts.
        case .state(.hold, _, let hold as Hold) where hold.terms.notice == .firm && hold.terms.amounts.disk == .zero:
            checkFirmPromise(of: hold.terms.amounts, for: max(.zero, hold.terms.wait(at: now.utc)) + hold.terms.term, index)
        case .state(.lease, _, let entry as LeaseEntry) where entry.lease.role == .lender && entry.lease.terms.notice == .firm:
            guard entry.lease.isOpen, !entry.lease.isOfDisk, let before = nodes[index].disk.lease(entry.id),
                entry.lease.renewals > before.lease.renewals
            else { return }
            checkFirmPromise(of: .zero, for: entry.lease.ends.remaining(at: now), index)
        default: break
        }
    }

    /// - Parameter more: what is promised beside the leases that there are.
    private mutating func checkFirmPromise(of more: Amounts, for span: Microseconds, _ index: Int) {
        guard let node = nodes[index].node else { return }
        let firm = node.leases.unsettled.values.reduce(more) { sum, entry in
            let counts = entry.lease.role == .lender && entry.lease.isOpen && entry.lease.terms.notice == .firm
            return counts ? sum + entry.lease.amounts : sum
        }
        let allowed = node.firmExplanations(for: span)
        let most = Amounts(
            cpu: (allowed.cpu?.promise.amount ?? .zero).of(scenario.capacity.cpu),
            memory: (allowed.memory?.promise.amount ?? .zero).of(scenario.capacity.memory))
        guard !firm.inMachine.fits(in: most) else { return }
        violate(Self.asForecast, index, "\(firm.text) for \(span.shortText), of \(most.text)")
    }
}
