import Bookkeeping
import Node
import Resources
import Trading

// What must hold, whatever is lost, repeated, reordered or crashed. Each violation names its rule.

extension World {
    mutating func violate(_ rule: String, _ index: Int, _ what: String) {
        violations.append("\(rule): \(nodes[index].name) at \(Decimals.seconds(now)) s: \(what)")
    }

    /// After every event of a node.
    mutating func check(_ index: Int) {
        guard let node = nodes[index].node else { return }
        var posted = Microcredits.zero
        var pending = Microcredits.zero
        for entry in node.books.entries {
            posted += entry.balance.debitsPosted - entry.balance.creditsPosted
            pending += entry.balance.debitsPending - entry.balance.creditsPending
        }
        if posted != .zero || pending != .zero {
            violate("debits equal credits", index, "they differ by \(posted) posted, \(pending) pending")
        }
        let most = Amounts(
            cpu: scenario.policy.cpu?.share.of(scenario.capacity.cpu) ?? .zero,
            memory: scenario.policy.memory?.share.of(scenario.capacity.memory) ?? .zero)
        if !node.committed.fits(in: most) {
            violate("leases stay within what the policy lends", index, "\(node.committed.text) of \(most.text)")
        }
        if node.pause != nil, let lease = node.leases.values.first(where: { $0.isKept })?.id {
            violate("a pause gives notice to every lease", index, "\(lease) goes on")
        }
        checkTerms(node, index)
    }

    /// A borrower never believes in a lease longer than its lender granted it.
    private mutating func checkTerms(_ node: Node, _ index: Int) {
        for entry in node.leases.values where entry.lease.role == .borrower && entry.lease.isOpen {
            guard let lender = self.index(of: entry.lease.peer), let granted = nodes[lender].disk.lease(entry.id) else {
                continue
            }
            guard granted.lease.endReason == .expired, let closed = granted.lease.closedAt else { continue }
            if entry.lease.ends.instant > closed.instant, !entry.lease.hasEnded(at: moment(index)) {
                violate("no lease is used after its end", index, "\(entry.id) until \(entry.lease.ends.instant.microseconds)")
            }
        }
    }

    mutating func checkMachine(_ index: Int) {
        for (lease, guest) in nodes[index].machine.guests.pairs {
            if guest.ends + .seconds(2) < now { violate("no lease is used after its end", index, "\(lease) still has guests") }
            if guest.ceiling > guest.amounts.cpu {
                violate("no guest gets more than its lease", index, "\(lease): \(guest.ceiling)")
            }
        }
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
        default: break
        }
    }

    /// After a restart: what others were told is still known.
    mutating func checkRestored(_ node: Node, _ index: Int) {
        for lease in nodes[index].grantsToldOf where nodes[index].disk.lease(lease) == nil {
            violate("nothing acknowledged is forgotten", index, "the grant of \(lease)")
        }
        for receipt in nodes[index].receiptsAnswered where !nodes[index].disk.receipts.contains(receipt) {
            violate("nothing acknowledged is forgotten", index, "the answer to \(receipt)")
        }
    }

    /// When a request for several nodes is met: every lease is there, each from another node.
    mutating func checkWhole(_ leases: [LeaseID], _ index: Int) {
        let peers = leases.compactMap { nodes[index].disk.lease($0)?.lease.peer }
        guard peers.count != leases.count || Set(peers).count != peers.count else { return }
        violate("several nodes or none", index, "\(leases.count) leases were given, from \(Set(peers).count) nodes")
    }

    /// When a request is not met: none of its leases is held.
    mutating func checkNothingKept(of request: RequestID, _ index: Int) {
        for entry in nodes[index].node?.leases.values ?? [] where entry.lease.group == request && entry.lease.isOpen {
            violate("several nodes or none", index, "\(entry.id) is held though \(request) failed")
        }
    }

    // MARK: At rest

    /// Nothing is open or under way any more.
    var isAtRest: Bool {
        nodes.allSatisfy { simulated in
            guard let node = simulated.node, simulated.uncommitted.isEmpty else { return false }
            return node.requests.isEmpty && node.leases.values.allSatisfy { $0.lease.state == .settled }
                && node.books.reservations.isEmpty && simulated.machine.guests.isEmpty
        } && !queue.contains { if case .deliver = $0 { true } else { false } }
    }

    mutating func checkAtRest() {
        for index in nodes.indices {
            guard let node = nodes[index].node else { continue }
            for entry in node.leases.values where entry.lease.state != .settled {
                violate("every lease ends", index, "\(entry.id) is \(entry.lease.state) as \(entry.lease.role)")
            }
            for reservation in node.books.reservations {
                violate("every reservation resolves", index, "\(reservation.id) still holds \(reservation.remaining)")
            }
            if !node.requests.isEmpty { violate("every request is decided", index, "\(node.requests.count) are open") }
            for (lease, _) in nodes[index].machine.guests.pairs { violate("no guest outlives its lease", index, "\(lease)") }
        }
        checkMirrors()
    }

    /// What one side of a trust line is owed, the other owes.
    private mutating func checkMirrors() {
        for a in nodes.indices {
            for b in nodes.indices where a < b {
                guard let first = nodes[a].node, let second = nodes[b].node else { continue }
                let (here, there) = (first.books.balance(of: .peer(second.id)).net, second.books.balance(of: .peer(first.id)).net)
                if here + there != .zero {
                    violate("mirrored trust lines agree", a, "\(nodes[a].name) has \(here), \(nodes[b].name) has \(there)")
                }
                counts.traded += max(here, there)
            }
        }
    }
}

extension LeaseEntry {
    /// Lent, and not being taken back.
    fileprivate var isKept: Bool { lease.role == .lender && lease.isOpen && lease.state != .reclaiming }
}
