import Bookkeeping
import Node
import Resources
import Trading

// What must hold, whatever is lost, repeated, reordered or crashed. Each violation names its rule.

extension World {
    /// How long a machine may stay above its owner's threshold: until the ladder has come to the ends of what it can do, at a tick
    /// a second.
    private static let ladderPatience = Microseconds.seconds(15)

    mutating func violate(_ rule: String, _ index: Int, _ what: String) {
        violations.append(Violation(rule: rule, node: nodes[index].name, at: now - Self.beginning, seen: what))
    }

    /// After every event of a node.
    mutating func check(_ index: Int) {
        guard let node = nodes[index].node else { return }
        let most = Amounts(
            cpu: scenario.policy.cpu?.share.of(scenario.capacity.cpu) ?? .zero,
            memory: scenario.policy.memory?.share.of(scenario.capacity.memory) ?? .zero,
            disk: scenario.policy.disk?.share.of(scenario.capacity.disk) ?? .zero)
        if !node.committed.fits(in: most) {
            violate("leases stay within what the policy lends", index, "\(node.committed.text) of \(most.text)")
        }
        // Whatever the agent believes: what is not moved elsewhere is on the owner's disk.
        let stored = nodes[index].machine.stored(at: now)
        if stored > most.disk {
            violate("leases stay within what the policy lends", index, "\(stored.text) of \(most.disk.text) of disk are taken")
        }
        if node.pause != nil, let lease = node.leases.unsettled.values.first(where: { $0.isKept })?.id {
            violate("a pause gives notice to every lease", index, "\(lease) goes on")
        }
        checkTerms(node, index)
        checkSwaps(node, index)
        let entries = node.leases.unsettled.values
        for place in entries.indices {
            if entries[place].lease.role == .borrower { checkBill(entries[place], index) }
            checkEnd(entries[place], index)
        }
    }

    /// After every transfer.
    private mutating func checkBalances(_ index: Int) {
        guard let node = nodes[index].node else { return }
        var sums = SortedMap<String, (posted: LedgerAmount, pending: LedgerAmount)>()
        for entry in node.books.entries {
            let (balance, sum) = (entry.balance, sums[entry.line.unit.rawValue] ?? (.zero, .zero))
            sums[entry.line.unit.rawValue] = (
                sum.posted + balance.net, sum.pending + balance.debitsPending - balance.creditsPending
            )
        }
        for (unit, sum) in sums.pairs where sum.posted != .zero || sum.pending != .zero {
            violate("debits equal credits", index, "in \(unit) they differ by \(sum.posted) posted, \(sum.pending) pending")
        }
    }

    /// What a batch of records says, before it is on its way to the disk.
    mutating func look(at records: [Record], _ index: Int) {
        var hasMoved = false
        look(atNettings: records, index)
        look(atSwaps: records, index)
        look(atReconciliations: records, index)
        look(atDecays: records, index)
        look(atDisputes: records, index)
        for record in records {
            checkFirmPromise(record, index)
            switch record {
            case .event(let event):
                coverage.note(event: event.kind)
                note(event.kind, index, event.text)
            case .state(.lease, _, let entry as LeaseEntry):
                checkRelease(entry, index)
            case .transfer(let transfer):
                hasMoved = true
                if transfer.kind == .pending { checkLimit(transfer, index) }
            default: break
            }
        }
        if hasMoved { checkBalances(index) }
    }

    /// What is reserved stays within what both sides of a trust line allow, together with all that is owed already.
    private mutating func checkLimit(_ reservation: Transfer, _ index: Int) {
        guard let node = nodes[index].node else { return }
        let (peer, owed, limit): (NodeID, LedgerAmount, LedgerAmount?)
        switch (reservation.debit, reservation.credit) {
        case (.peer(let debtor), _):
            let balance = node.books.balance(of: .peer(debtor), in: reservation.unit)
            let line = node.books.trustLine(with: debtor, in: reservation.unit)
            (peer, owed, limit) = (debtor, balance.net + balance.debitsPending, line?.granted)
        case (_, .peer(let creditor)):
            let balance = node.books.balance(of: .peer(creditor), in: reservation.unit)
            let line = node.books.trustLine(with: creditor, in: reservation.unit)
            (peer, owed, limit) = (creditor, balance.creditsPending - balance.net, line?.mayOwe)
        default: return
        }
        guard owed > limit ?? .zero, let other = self.index(of: peer) else { return }
        violate(
            "nothing is spent twice", index,
            "\(owed) would be owed between it and \(nodes[other].name), which may be \(limit ?? .zero)")
    }

    /// A borrower never believes in a lease longer than its lender granted it.
    private mutating func checkTerms(_ node: Node, _ index: Int) {
        let entries = node.leases.unsettled.values
        for place in entries.indices where entries[place].lease.role == .borrower && entries[place].lease.isOpen {
            let entry = entries[place]
            guard let lender = self.index(of: entry.lease.peer), let granted = nodes[lender].disk.lease(entry.id) else {
                continue
            }
            guard granted.lease.endReason == .expired, let closed = granted.lease.closedAt, !nodes[lender].hasForged,
                !nodes[lender].hasLostTime, !nodes[index].hasLostTime
            else {
                continue
            }
            let (left, gone) = (entry.lease.ends.remaining(at: moment(index)), -closed.remaining(at: moment(lender)))
            // Of a promise the wait, too, is counted by both clocks.
            let span = entry.lease.wholeTerm(at: moment(index)) + (entry.lease.terms.start == nil ? .zero : Self.longestWait)
            if left > .zero, left + gone > Self.clockTolerance(over: span) {
                violate(
                    "no lease is used after its end", index,
                    "\(entry.id), which ended \(gone.text) ago, for \(left.text) more"
                )
            }
        }
    }

    /// What clocks of machines may differ by over a time: each is off by at most 200 parts in a million.
    private static func clockTolerance(over span: Microseconds) -> Microseconds {
        Microseconds(span.rawValue * 400 / 1_000_000) + .milliseconds(1)
    }

    /// After every tick of a machine, whatever its agent and its peers do.
    mutating func checkMachine(_ index: Int, _ usage: Amounts) {
        checkLadder(index, usage)
        for (lease, guest) in nodes[index].machine.guests.pairs {
            if guest.ends + .seconds(2) < now { violate("no lease is used after its end", index, "\(lease) still has guests") }
            if guest.ceiling > guest.amounts.cpu {
                violate("no guest gets more than its lease", index, "\(lease): \(guest.ceiling)")
            }
        }
    }

    /// Above the owner's threshold guests are only for a moment: nobody but the owner may hold the machine there.
    private mutating func checkLadder(_ index: Int, _ usage: Amounts) {
        let threshold = scenario.policy.thresholds(of: scenario.capacity)
        let machine = nodes[index].machine
        // those that are told to leave go on with the least that there is, to save what they have
        let least = Millicores(Int64(machine.guests.count) * Machine.leastProcessing.rawValue)
        let isExceeded = usage.cpu > max(threshold.cpu, machine.owner.cpu + least)
        guard isExceeded else {
            nodes[index].exceededSince = nil
            return
        }
        let since = nodes[index].exceededSince ?? now
        nodes[index].exceededSince = since
        guard now - since > Self.ladderPatience else { return }
        let guests = machine.guests.values.map { $0.isFrozen ? "frozen" : "\($0.ceiling)" }.joined(separator: ", ")
        violate(
            "the owner wins, whoever is cut off", index,
            "\(usage.cpu) in use of \(threshold.cpu) for \((now - since).text), \(machine.owner.cpu) by the owner; guests have \(guests)"
        )
    }

    /// What is over is closed, by the clock of the side that looks and without waiting for the other one.
    private mutating func checkEnd(_ entry: LeaseEntry, _ index: Int) {
        let late = -entry.lease.ends.remaining(at: moment(index))
        guard entry.lease.isOpen, late > .seconds(5) else { return }
        let isTakenBack = entry.lease.state == .reclaiming && entry.lease.role == .lender
        violate(
            isTakenBack ? "the owner wins, whoever is cut off" : "no lease is used after its end", index,
            "\(entry.id) is \(entry.lease.state) \(late.text) after its end")
    }

    /// A lender believes that a lease was given back only when its borrower has done so.
    private mutating func checkRelease(_ entry: LeaseEntry, _ index: Int) {
        guard entry.lease.role == .lender, entry.lease.state == .closed, entry.lease.endReason == .released,
            let borrower = self.index(of: entry.lease.peer), !nodes[borrower].hasForged,
            let other = nodes[borrower].node?.leases[entry.id], other.lease.isOpen
        else { return }
        violate("only its holder gives a lease back", index, "\(entry.id), which \(nodes[borrower].name) still has")
    }

    /// A borrower signs for no more than its lease could have used.
    private mutating func checkBill(_ entry: LeaseEntry, _ index: Int) {
        // Whose civil time was set while its machine was down cannot tell any more how long its leases have lasted.
        guard !nodes[index].hasLostTime else { return }
        let slack = Timing.clockSlack + Self.clockTolerance(over: .hours(1))
        let now = moment(index)
        let elapsed = max(.zero, min(entry.lease.wholeTerm(at: now), -entry.lease.began.remaining(at: now)))
        let most = Usage(of: entry.lease.terms.amounts, for: elapsed + slack)
        guard !entry.bill.accepted.fits(in: entry.lease.terms.tariff.charge(for: most)) else { return }
        violate("nobody pays for more than a lease allows", index, "\(entry.bill.accepted.text) for \(entry.id)")
    }

    /// The same event again: nothing that matters may differ.
    mutating func checkReplay(_ event: NodeEvent, _ index: Int) {
        guard var copy = nodes[index].node else { return }
        let before = copy
        var dice = nodes[index].random
        _ = copy.handle(event, at: moment(index), random: &dice, notary: nodes[index].notary)
        if copy.books.entries != before.books.entries { violate("replay changes nothing", index, "the books moved by \(event)") }
        if copy.committed != before.committed { violate("replay changes nothing", index, "promises moved by \(event)") }
        for (id, entry) in before.leases.pairs where copy.leases[id]?.lease.state != entry.lease.state {
            violate("replay changes nothing", index, "\(id) moved by \(event)")
        }
        counts.replays += 1
    }

    /// Notes what a message acknowledges, at the moment it leaves.
    mutating func remember(_ message: TradeMessage, by index: Int) {
        switch message {
        case .committed(let commitment):
            guard let agreement = try? Agreement(document: commitment.agreement.document) else { return }
            nodes[index].grantsToldOf.insert(agreement.lease)
        case .receiptAnswer(let reply): nodes[index].receiptsAnswered.insert(reply.receipt)
        case .resolved(let reply): nodes[index].resolutionsSigned.insert(.init(dispute: reply.dispute, number: reply.number))
        case .disputeAnswer(let id, nil): nodes[index].disputesTaken.insert(id)
        case .adjusted(let reply): if reply.signature != nil { nodes[index].adjustmentsAgreed.insert(reply.adjustment) }
        case .netting(let message): remember(message, by: index)
        case .decay(let message): remember(message, by: index)
        default: break
        }
    }

    /// After a restart: what others were told is still known.
    mutating func checkRestored(_ node: Node, _ index: Int) {
        for lease in nodes[index].grantsToldOf where nodes[index].disk.lease(lease) == nil {
            violate("nothing acknowledged is forgotten", index, "the grant of \(lease)")
        }
        for receipt in nodes[index].receiptsAnswered where nodes[index].disk.receipts[receipt]?.accepted == nil {
            violate("nothing acknowledged is forgotten", index, "the answer to \(receipt)")
        }
        for adjustment in nodes[index].adjustmentsAgreed where nodes[index].disk.adjustments[adjustment] == nil {
            violate("nothing acknowledged is forgotten", index, "the word about \(adjustment)")
        }
        for step in nodes[index].resolutionsSigned
        where (nodes[index].disk.resolutions[step.dispute]?.count ?? 0) < Int(step.number) {
            violate("nothing acknowledged is forgotten", index, "step \(step.number) of \(step.dispute)")
        }
        for dispute in nodes[index].disputesTaken where nodes[index].disk.disputes[dispute] == nil {
            violate("nothing acknowledged is forgotten", index, "that it took note of \(dispute)")
        }
        checkRestoredNettings(index)
        checkRestoredDecays(node, index)
    }

    /// When a request for several nodes is met: every lease is there, each from another node.
    mutating func checkWhole(_ leases: [LeaseID], _ index: Int) {
        let peers = leases.compactMap { nodes[index].disk.lease($0)?.lease.peer }
        guard peers.count != leases.count || Set(peers).count != peers.count else { return }
        violate("several nodes or none", index, "\(leases.count) leases were given, from \(Set(peers).count) nodes")
    }

    /// When a request is not met: none of its leases is held.
    mutating func checkNothingKept(of request: RequestID, _ index: Int) {
        for entry in nodes[index].node?.leases.unsettled.values ?? [] where entry.lease.group == request && entry.lease.isOpen {
            violate("several nodes or none", index, "\(entry.id) is held though \(request) failed")
        }
    }

    // MARK: At rest

    /// Nothing is open or under way any more.
    var isAtRest: Bool {
        nodes.allSatisfy { simulated in
            guard let node = simulated.node, simulated.uncommitted.isEmpty else { return false }
            return node.requests.isEmpty && node.leases.unsettled.isEmpty && unsettledInKind(node).isEmpty && node.swaps.isEmpty
                && waitingDisputes(node).isEmpty && node.nettings.allSatisfy(\.isOver)
                && !node.decays.values.contains(where: \.isOpen) && node.reconciling.comparisons.isEmpty
                && node.books.reservations.isEmpty && simulated.machine.guests.isEmpty
                && simulated.machine.storesLeft(at: now).isEmpty && node.leases.draining.isEmpty
        } && !queue.contains { if case .deliver = $0 { true } else { false } }
    }

    mutating func checkAtRest() {
        for index in nodes.indices {
            guard let node = nodes[index].node else { continue }
            for entry in node.leases.unsettled.values {
                violate("every lease ends", index, "\(entry.id) is \(entry.lease.state) as \(entry.lease.role)")
            }
            for reservation in node.books.reservations {
                violate("every reservation resolves", index, "\(reservation.id) still holds \(reservation.remaining)")
            }
            for obligation in unsettledInKind(node) {
                violate("every obligation is settled", index, "\(obligation.id) has \(Charge(inKind: obligation.left).text) left")
            }
            if !node.requests.isEmpty { violate("every request is decided", index, "\(node.requests.count) are open") }
            for (lease, _) in nodes[index].machine.guests.pairs { violate("no guest outlives its lease", index, "\(lease)") }
            for lease in nodes[index].machine.storesLeft(at: now) + node.leases.draining.keys {
                violate("no store outlives its lease", index, "\(lease)")
            }
        }
        checkMirrors()
        for index in nodes.indices {
            checkKind(index)
            checkSwapsAtRest(index)
            checkDecaysAtRest(index)
            checkDisputes(index)
        }
        checkNettings()
        checkHistories()
    }

    /// What one side of a trust line is owed, the other owes.
    private mutating func checkMirrors() {
        for a in nodes.indices {
            for b in nodes.indices where a < b {
                guard let first = nodes[a].node, let second = nodes[b].node, !nodes[a].hasForged, !nodes[b].hasForged else {
                    continue
                }
                for unit in Charge.units {
                    let here = first.books.balance(of: .peer(second.id), in: unit).net
                    let there = second.books.balance(of: .peer(first.id), in: unit).net
                    if here + there != .zero {
                        let names = (nodes[a].name, nodes[b].name)
                        violate(
                            "mirrored trust lines agree", a,
                            "\(names.0) has \(unit.text(here)), \(names.1) has \(unit.text(there))")
                    }
                    if unit == .credit { counts.traded += max(Microcredits(here), Microcredits(there)) }
                }
            }
        }
    }
}

extension LeaseEntry {
    /// Lent, and not being taken back.
    fileprivate var isKept: Bool { lease.role == .lender && lease.isOpen && lease.state != .reclaiming }
}
