import Bookkeeping
import Kernel
import LedgerStore
import Node
import Resources
import Sandbox
import Trading
import Wire

extension Agent {
    /// What the OpenMetrics page says now.
    ///
    /// The number of series is bounded: about 80 of the machine and the agent, at most 65 for each of the ten kinds of
    /// counters that leases have (those of ``LeaseCounters/mostNamed`` leases, and of all others as `lease="other"`), and 11 for each of
    /// at most 64 volumes.
    func metricsPage(accepting header: String) async -> HTTPPage {
        var page = Exposition(Exposition.Format(accepting: header))
        page.begin("surplus_build", .info, "The version of the agent.")
        page.add(1, ["version": Software.version])
        let standing = accountant.standing
        if let machine = standing.machine { page.describe(machine) }
        page.describe(standing)
        page.describe(
            house.policyInForce.thresholds(of: house.capacity), of: "threshold",
            "What owner and guests together stay below")
        page.describe(house.capacity, of: "capacity", "What owner and guests share")
        await poolIfAny?.describe(in: &page)
        await poolIfAny?.describeVolumes(in: &page)
        page.describe(standing.leases)
        if let standby = house.store.standby { page.describe(standby) }
        return page.page
    }
}

extension PoolMembership {
    fileprivate func describe(in page: inout Exposition) async {
        if let usage = guests.usage {
            page.describe(usage.owner, of: "owner_usage", "What the owner uses")
            page.describe(usage.guests, of: "guest_usage", "What guests use together")
        }
        let (committed, offered, leases, balance) = engine.read { node in
            (
                node.committed, node.lendable, node.leases.values.map(\.lease),
                node.books.trustLines(in: .credit).reduce(Int64(0)) {
                    $0 + node.books.balance(of: .peer($1.peer)).net.rawValue
                }
            )
        }
        page.describe(committed, of: "committed", "Promised to leases that are open")
        page.describe(offered, of: "offered", "What could be lent now")
        page.begin("surplus_leases", .gauge, "Leases that are not forgotten yet, by role and state.")
        for role in [Lease.Role.lender, .borrower] {
            for state in Lease.State.allCases {
                let count = leases.count { $0.role == role && $0.state == state }
                page.add(Int64(count), ["role": role.rawValue, "state": state.rawValue])
            }
        }
        page.begin("surplus_jobs_running", .gauge, "Jobs that run, by this node's role.")
        page.add(Int64(hosting.running), ["role": Lease.Role.lender.rawValue])
        page.add(Int64(jobs.running), ["role": Lease.Role.borrower.rawValue])
        page.put(
            "surplus_credit_balance", .gauge, "Credits that others owe this node, less those that it owes.", balance,
            per: 1_000_000)
        let moves = guests.moves
        page.begin("surplus_enforcement_moves", .counter, "Times that a lease was throttled, or let back.")
        page.add(moves.throttled, ["direction": "throttled"])
        page.add(moves.relieved, ["direction": "relieved"])
        page.put(
            "surplus_limits_enforced", .gauge, "Whether limits on guests are enforced.", guests.areLimitsEnforced ? 1 : 0)
        page.put("surplus_guests_throttled", .gauge, "Whether guests are held back now.", guests.isThrottling ? 1 : 0)
        let others = roster.members.filter { $0.status == .active && $0.node != own }
        page.put("surplus_peers_known", .gauge, "Other members of the pool.", Int64(others.count))
        page.put(
            "surplus_peers_reachable", .gauge, "Those that answered when last asked.",
            Int64(others.count { roster.isReachable($0.node) }))
        // a page without it says that it is not known
        let last = try? house.store.lastEvents(1).last?.sequence
        page.put("surplus_events", .counter, "Things that happened, as told by 'surplus events'.", last)
    }
}

extension Exposition {
    fileprivate mutating func describe(_ amounts: Amounts, of kind: String, _ help: String) {
        put("surplus_cpu_\(kind)_cores", .gauge, unit: "cores", "\(help): processing.", amounts.cpu.rawValue, per: 1000)
        put("surplus_memory_\(kind)_bytes", .gauge, unit: "bytes", "\(help): memory.", amounts.memory.rawValue)
        put("surplus_disk_\(kind)_bytes", .gauge, unit: "bytes", "\(help): disk.", amounts.disk.rawValue)
    }

    fileprivate mutating func describe(_ machine: MachineCounters) {
        put(
            "surplus_node_cpu_busy_seconds", .counter, unit: "seconds", "Processing done by the machine.", machine.cpu.rawValue,
            per: 1_000_000)
        put("surplus_node_memory_used_bytes", .gauge, unit: "bytes", "Memory not available.", machine.memory.rawValue)
        put("surplus_node_memory_size_bytes", .gauge, unit: "bytes", "Memory there is.", machine.memoryTotal.rawValue)
        put(
            "surplus_node_network_receive_bytes", .counter, unit: "bytes", "Received on all interfaces but loopback.",
            machine.network?.received.rawValue)
        put(
            "surplus_node_network_transmit_bytes", .counter, unit: "bytes", "Sent on all interfaces but loopback.",
            machine.network?.sent.rawValue)
        put(
            "surplus_node_disk_read_bytes", .counter, unit: "bytes", "Read from all disks.", machine.disks?.read.rawValue)
        put(
            "surplus_node_disk_written_bytes", .counter, unit: "bytes", "Written to all disks.",
            machine.disks?.written.rawValue)
        put(
            "surplus_node_disk_io_time_seconds", .counter, unit: "seconds", "Time in which a disk worked, summed over disks.",
            machine.disks?.busy.rawValue, per: 1_000_000)
        let pressure = [("cpu", machine.cpuPressure), ("memory", machine.memoryPressure), ("io", machine.ioPressure)]
        describe(
            "surplus_node_pressure_waiting_seconds", "Time in which some task waited.",
            pressure.map { (["resource": $0.0], $0.1.some) })
        describe(
            "surplus_node_pressure_stalled_seconds", "Time in which all tasks waited.",
            pressure.map { (["resource": $0.0], $0.1.full) })
        put("surplus_node_load1", .gauge, "Load average over one minute.", machine.load?.rawValue, per: 1000)
    }

    /// A family of times, without those that are not measured.
    private mutating func describe(
        _ name: String, _ help: String, _ times: [(labels: KeyValuePairs<String, String>, time: Microseconds?)]
    ) {
        guard times.contains(where: { $0.time != nil }) else { return }
        begin(name, .counter, unit: "seconds", help)
        for (labels, time) in times { if let time { add(time.rawValue, per: 1_000_000, labels) } }
    }

    fileprivate mutating func describe(_ standing: Accountant.Standing) {
        put(
            "surplus_sampling_interval_seconds", .gauge, unit: "seconds", "Time between two readings, now.",
            standing.interval.rawValue, per: 1_000_000)
        put(
            "surplus_threshold_exceeded", .gauge, "Whether the owner's threshold is exceeded, or was a moment ago.",
            standing.isIncident ? 1 : 0)
        put("surplus_history_size_bytes", .gauge, unit: "bytes", "What the history takes on disk.", standing.size.rawValue)
        put("surplus_history_limit_bytes", .gauge, unit: "bytes", "What it may take at most.", standing.limit.rawValue)
        put("surplus_history_failures", .counter, "Times that the history could not be written or read.", standing.failures)
        put("surplus_history_rows_lost", .counter, "Rows given up while it could not be written.", standing.lostRows)
        put("surplus_history_writable", .gauge, "Whether it could be written last time.", standing.fault == nil ? 1 : 0)
    }

    fileprivate mutating func describe(_ standby: StandbyStanding) {
        put(
            "surplus_ledger_standby_lag_seconds", .gauge, unit: "seconds",
            "Age of the oldest commit that the standby of the ledger does not have.", standby.lag.rawValue, per: 1_000_000)
        put(
            "surplus_ledger_standby_lag_bytes", .gauge, unit: "bytes", "What it does not have.", standby.lagSize.rawValue)
        put(
            "surplus_ledger_standby_size_bytes", .gauge, unit: "bytes", "What it takes.",
            standby.size.rawValue)
        put("surplus_ledger_standby_writable", .gauge, "Whether it could be written last time.", standby.fault == nil ? 1 : 0)
    }

    fileprivate mutating func describe(_ leases: LeaseCounters) {
        let named = leases.named.values
        let others = leases.hasOthers ? leases.others : nil
        func family(
            _ name: String, _ kind: Kind, unit: String, _ help: String, per divisor: Int64 = 1,
            _ value: (LeaseCounters.Totals) -> Int64, _ own: (LeaseMeasurement) -> Int64?
        ) {
            let samples =
                named.compactMap { lease in own(lease).map { (lease.lease.description, $0) } }
                + (others.map { [("other", value($0))] } ?? [])
            guard !samples.isEmpty else { return }
            begin(name, kind, unit: unit, help)
            for (lease, value) in samples { add(value, per: divisor, ["lease": lease]) }
        }
        family(
            "surplus_lease_cpu_seconds", .counter, unit: "seconds", "Processing done by guests of a lease.", per: 1_000_000,
            \.cpu.rawValue, \.cpu.rawValue)
        family(
            "surplus_lease_memory_bytes", .gauge, unit: "bytes", "Memory held by guests of a lease.", \.memory.rawValue,
            \.memory.rawValue)
        family(
            "surplus_lease_disk_read_bytes", .counter, unit: "bytes", "Read from disks by guests of a lease.",
            \.diskRead.rawValue, \.activity.diskRead?.rawValue)
        family(
            "surplus_lease_disk_written_bytes", .counter, unit: "bytes", "Written to disks by guests of a lease.",
            \.diskWritten.rawValue, \.activity.diskWritten?.rawValue)
        let pressure = named.flatMap { lease in
            [("cpu", lease.activity.cpuPressure), ("memory", lease.activity.memoryPressure), ("io", lease.activity.ioPressure)]
                .map { (lease: lease.lease.description, resource: $0.0, totals: $0.1) }
        }
        describe(
            "surplus_lease_pressure_waiting_seconds", "Time in which some task of a lease waited.",
            pressure.map { (["lease": $0.lease, "resource": $0.resource], $0.totals.some) })
        describe(
            "surplus_lease_pressure_stalled_seconds", "Time in which all tasks of a lease waited.",
            pressure.map { (["lease": $0.lease, "resource": $0.resource], $0.totals.full) })
    }
}
