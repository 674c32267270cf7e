import Bookkeeping
import Node
import Resources

// What came of it.

extension Fleet {
    /// At the beginning of a sample: what is lent stands against what the owner turns out to use.
    mutating func count(_ index: Int) {
        guard let usage = nodes[index].usage, let node = nodes[index].node else { return }
        let threshold = scenario.policy.cpu?.threshold ?? .zero
        let firm = share(
            node.leases.unsettled.values.reduce(Millicores.zero) { sum, entry in
                let counts = entry.lease.role == .lender && entry.lease.isOpen && entry.lease.terms.notice == .firm
                return counts ? sum + entry.lease.amounts.cpu : sum
            })
        let lent = share(node.committed.cpu)
        report.firm.add(loan: firm, usage: usage, threshold: threshold)
        report.total.add(loan: lent, usage: usage, threshold: threshold)
        pending.machines += 1
        pending.owners += usage.rawValue
        pending.firm += firm.rawValue
        pending.lent += lent.rawValue
    }

    /// At the end of a sample: what guests used in it.
    mutating func judge(_ number: Int) {
        for index in nodes.indices where nodes[index].usage != nil {
            settleAccounts(index)
            let used = nodes[index].used - nodes[index].usedBefore
            pending.guests += share(used.mean(over: scenario.sample)).rawValue
        }
        report.samples.append(pending)
        pending = FleetReport.Sample()
    }

    private func share(_ part: Millicores) -> BasisPoints {
        BasisPoints(part.scaled(by: BasisPoints.whole.rawValue, over: scenario.capacity.cpu.rawValue).rawValue)
    }

    /// How far jobs have come.
    mutating func countJobs() {
        report.submitted = tasks.count
        for task in tasks {
            switch task.state {
            case .finished: report.finished += 1
            case .running: report.running += 1
            case .waiting, .asking: report.waiting += 1
            case .hopeless: report.hopeless += 1
            }
        }
        report.waits.sort()
    }

    /// Looks into all books, once everything has come to rest.
    mutating func audit() {
        for index in nodes.indices { audit(index) }
    }

    /// What a node has, and whether its peers' books say the same.
    private mutating func audit(_ index: Int) {
        guard let node = nodes[index].node else { return }
        var balance = Microcredits.zero
        var posted = Microcredits.zero
        for entry in node.books.entries {
            let (account, standing) = (entry.line.account, entry.balance.typed(Microcredits.self))
            posted += standing.net
            guard case .peer(let peer) = account else { continue }
            balance += standing.net
            guard let other = self.index(of: peer), other > index, let mirror = nodes[other].node else { continue }
            let there = mirror.books.balance(of: .peer(node.id)).net
            if standing.net + there != .zero {
                report.faults.append("node \(index) has \(standing.net) with node \(other), which has \(there)")
            }
        }
        if posted != .zero { report.faults.append("the debits and credits of node \(index) differ by \(posted)") }
        if !node.books.reservations.isEmpty {
            report.faults.append("node \(index) still holds \(node.books.reservations.count) reservations")
        }
        report.balances.append(balance)
        report.earned.append(-node.books.balance(of: .earned).net)
    }
}
