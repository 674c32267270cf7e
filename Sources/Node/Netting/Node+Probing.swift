import Bookkeeping
import Resources
import Trading

// Looking for cycles: probes go from debtors to creditors, until one comes back to who sent it.

extension Node {
    /// Begins to look for cycles of debts, and, unless it is a dry run, to net what is found.
    mutating func net(_ id: NettingID, isDryRun: Bool, _ step: inout Step) {
        if netting.search != nil {
            return step.act(
                .netting(id, .refused(Refusal(term: "netting", reason: "a search is under way", retryAfter: .seconds(5)))))
        }
        guard policy.credit.nets != .never else {
            return step.act(.netting(id, .refused(Refusal(term: "policy", reason: "policy '\(policy.name)' nets nothing"))))
        }
        netting.search = NettingSearch(id: id, isDryRun: isDryRun, until: Deadline(step.now))
        probe(&step)
    }

    /// Sends the probes of a wave.
    private mutating func probe(_ step: inout Step) {
        guard var search = netting.search else { return }
        let creditors = nettableCreditors(without: [])
        search.until = Deadline(creditors.isEmpty ? .zero : Nettings.probing, after: step.now)
        (search.found, search.changed, search.hasCommittedInWave) = ([], [], false)
        netting.search = search
        step.act(.netting(search.id, .probing(wave: Int(search.wave) + 1, peers: creditors.count)))
        for (peer, debt) in creditors {
            let probe = NettingProbe(search: search.waveID, path: [id], amount: debt)
            step.send(.netting(.probe(probe)), to: peer)
        }
    }

    /// A probe has come: it ends here, or goes on to those that this node owes.
    mutating func take(_ probe: NettingProbe, from peer: NodeID, _ step: inout Step) {
        guard policy.credit.nets != .never, probe.path.last == peer, probe.path.count <= Nettings.longest,
            Set(probe.path).count == probe.path.count, (Nettings.least...Bounds.money).contains(probe.amount)
        else { return }
        let amount = min(probe.amount, nettableClaim(on: peer))
        guard amount >= Nettings.least else { return }
        if probe.path.first == id { return note(DebtCycle(members: probe.path, amount: amount), of: probe.search, &step) }
        guard !probe.path.contains(id), probe.path.count < Nettings.longest,
            netting.traffic.admit(probe.search, from: peer, at: step.now.instant)
        else { return }
        let path = probe.path + [id]
        var targets = path.count < Nettings.longest ? nettableCreditors(without: path) : []
        let home = probe.path[0]
        let debt = nettableDebt(to: home)
        if path.count >= Nettings.shortest, debt >= Nettings.least { targets.append((home, debt)) }
        for (target, debt) in targets {
            let onward = NettingProbe(search: probe.search, path: path, amount: min(amount, debt))
            step.send(.netting(.probe(onward)), to: target)
        }
    }

    /// A probe of this node's own has come back.
    private mutating func note(_ cycle: DebtCycle, of wave: NettingID, _ step: inout Step) {
        guard var search = netting.search, search.waveID == wave, search.current == nil, !search.until.hasPassed(at: step.now),
            cycle.members.count >= Nettings.shortest, search.found.count < Nettings.mostFound,
            !search.found.contains(where: { $0.members == cycle.members }), !search.failed.contains(cycle.members)
        else { return }
        search.found.append(cycle)
        netting.search = search
        step.act(.netting(search.id, .found(cycle)))
    }

    /// Goes on with a search when what it waits for is over.
    mutating func continueSearch(_ step: inout Step) {
        guard var search = netting.search, search.until.hasPassed(at: step.now) else { return }
        if let current = search.current {
            // Of one that never became durable nothing will be heard.
            guard netting.entries[current] == nil else { return }
            search.current = nil
            netting.search = search
        }
        if search.isDryRun { return finishSearch(&step) }
        while let cycle = netting.search?.takeNext() {
            if begin(cycle, &step) { return }
        }
        guard let search = netting.search, search.hasCommittedInWave, search.wave + 1 < Nettings.mostWaves else {
            return finishSearch(&step)
        }
        netting.search?.wave += 1
        probe(&step)
    }

    private mutating func finishSearch(_ step: inout Step) {
        guard let search = netting.search else { return }
        netting.search = nil
        if !search.isDryRun {
            let count = search.committed
            step.tell(
                "netting.searched", [search.id],
                count == 0
                    ? "no cycle of debts was netted"
                    : "netted \(count == 1 ? "one cycle" : "\(count) cycles") of debts, \(search.netted.text) of what this node owed"
            )
        }
        step.act(.netting(search.id, .finished))
    }

    /// What came of a netting that the search has begun.
    mutating func note(_ entry: NettingEntry, ended refusal: Refusal?, _ step: inout Step) {
        guard var search = netting.search, search.current == entry.id else { return }
        let cycle = DebtCycle(members: entry.netting.members, amount: entry.netting.amount)
        search.current = nil
        if refusal == nil {
            search.changed.formUnion(NettingSearch.links(of: cycle.members))
            search.committed += 1
            search.netted += cycle.amount
            search.hasCommittedInWave = true
        } else {
            search.failed.insert(cycle.members)
        }
        netting.search = search
        step.act(.netting(search.id, .ended(entry.id, cycle, refusal)))
    }

    // MARK: What can be netted

    /// What this node owes a peer, whatever reservations with it come to; nothing while another netting holds the line.
    func nettableDebt(to peer: NodeID) -> Microcredits {
        let balance = books.balance(of: .peer(peer))
        return isNettable(peer) ? max(.zero, -balance.net - balance.debitsPending) : .zero
    }

    /// The same of what a peer owes this node.
    func nettableClaim(on peer: NodeID) -> Microcredits {
        let balance = books.balance(of: .peer(peer))
        return isNettable(peer) ? max(.zero, balance.net - balance.creditsPending) : .zero
    }

    private func isNettable(_ peer: NodeID) -> Bool {
        !netting.gone.contains(peer) && !netting.isHeld(peer, by: id)
    }

    /// Those that this node owes most, at most as many as a probe is passed on to.
    private func nettableCreditors(without path: [NodeID]) -> [(peer: NodeID, debt: Microcredits)] {
        let debts = books.trustLines(in: .credit).map(\.peer).filter { !path.contains($0) }.map { ($0, nettableDebt(to: $0)) }
        let worth = debts.filter { $0.1 >= Nettings.least }
        return Array(worth.sorted { ($1.1, $0.0) < ($0.1, $1.0) }.prefix(Nettings.fanOut))
    }
}
