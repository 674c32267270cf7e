import Accounting
import Configuration
import HistoryStore
import Kernel
import Logging
import Resources
import Sandbox
import Synchronization

/// Measures the machine and the leases on it, and keeps their history.
final class Accountant: Sendable {
    private struct State {
        var chronicle = Chronicle()
        var pace: Pace
        var capacity = CapacityMeter()
        var machine: MachineCounters?
        var leases = LeaseCounters()
        var hasFailed = false
        var lost: Int64 = 0
    }

    /// How often what was measured is written: a crash loses no more than that.
    private static let writeInterval = Duration.seconds(20)

    private let house: Household
    private let sampler: MachineSampler
    private let state: Mutex<State>
    /// Locked first where both are: what moves from the one into the other is in one of them for whoever holds this.
    private let archive: Mutex<Archive>

    init(house: Household, sampler: MachineSampler = MachineSampler()) {
        self.house = house
        self.sampler = sampler
        let settings = house.configuration.accounting
        state = Mutex(State(pace: Pace(interval: settings.interval)))
        archive = Mutex(
            Archive(path: "\(house.configuration.dataDirectory)/history.sqlite", limit: settings.maximumSize, log: house.log))
    }

    /// Measures and writes until cancelled, and writes once more then.
    ///
    /// - Parameter guests: who knows the leases that run here now.
    func run(_ guests: @escaping @Sendable () async -> GuestKeeper?) async {
        await write()
        await withDiscardingTaskGroup { group in
            group.addTask {
                while await Task.rest(for: Self.writeInterval) { await self.write() }
            }
            await self.measure(guests)
            group.cancelAll()
        }
        await write()
        await onThread { self.archive.withLock { $0.close() } }
    }

    // MARK: Measuring

    private func measure(_ guests: @Sendable () async -> GuestKeeper?) async {
        var next = house.clock().instant
        while !Task.isCancelled {
            await measureOnce(await guests())
            let now = house.clock().instant
            // what was missed, as while the machine slept, is not made up for
            next = max(next + interval, now)
            await Task.rest(for: .microseconds((next - now).rawValue))
        }
    }

    private func measureOnce(_ guests: GuestKeeper?) async {
        let measured = await guests?.measurements()
        let leases = measured?.running ?? []
        let now = house.clock()
        let machine = machineCounters(at: now.instant)
        let capacity = machine.flatMap { machine in
            // a warden that cannot be asked may have guests
            guests == nil
                ? reading(machine, ([], []), isComplete: false) : measured.flatMap { reading(machine, $0, isComplete: true) }
        }
        let isExceeded = isThresholdExceeded(guests, machine)
        state.withLock { state in
            state.pace.judge(isExceeded: isExceeded, at: now.instant)
            let (grain, isIncident) = (state.pace.dense, state.pace.isIncident)
            if let machine {
                state.chronicle.record(Reading(machine), of: .machine, at: now, grain: grain, isIncident: isIncident)
                state.machine = machine
            }
            for lease in leases {
                state.chronicle.record(
                    Reading(lease), of: .lease(lease.lease), at: now, grain: grain, isIncident: isIncident)
            }
            if let capacity, let shares = state.capacity.shares(capacity) {
                state.chronicle.record(shares, at: now, isIncident: isIncident)
            }
            state.leases.update(leases)
            state.chronicle.retire(at: now.instant)
        }
    }

    private func machineCounters(at instant: Instant) -> MachineCounters? {
        do throws(KernelError) {
            let machine = try sampler.read(at: instant)
            state.withLock { $0.hasFailed = false }
            return machine
        } catch {
            let isNews = state.withLock { state in
                defer { state.hasFailed = true }
                return !state.hasFailed
            }
            if isNews { house.log.error("the machine cannot be measured", metadata: ["error": "\(error)"]) }
            return nil
        }
    }

    /// Who uses what of the capacity; `nil` when what counts as the owner's cannot be measured.
    private func reading(
        _ machine: MachineCounters, _ leases: (running: [LeaseMeasurement], closed: [LeaseMeasurement]), isComplete: Bool
    ) -> CapacityReading? {
        var reading = CapacityReading(
            at: machine.at, capacity: house.capacity, counted: .everything, cpu: machine.cpu, memory: machine.memory,
            leases: leases.running.map { CapacityReading.Lease($0.lease, cpu: $0.cpu, memory: $0.memory) }
                + leases.closed.map { CapacityReading.Lease($0.lease, cpu: $0.cpu, memory: $0.memory, isLast: true) },
            isComplete: isComplete)
        if case .cgroup(let path) = house.configuration.ownerScope {
            // without the owner there is no split of the capacity: the window is left out, as after a gap
            guard let owner = try? sampler.usage(ofOwner: path) else { return nil }
            (reading.counted, reading.cpu, reading.memory) = (.owner, owner.cpu, owner.memory)
        }
        return reading
    }

    /// Whether owner and guests use more than the owner allows, or guests are being held back because they did. Without a warden
    /// the machine is all there is to judge by.
    private func isThresholdExceeded(_ guests: GuestKeeper?, _ machine: MachineCounters?) -> Bool {
        let threshold = house.policyInForce.thresholds(of: house.capacity)
        func exceeds(_ use: Amounts) -> Bool {
            // zero stands for what is not lent
            threshold.cpu > .zero && use.cpu > threshold.cpu || threshold.memory > .zero && use.memory > threshold.memory
        }
        if let guests, let usage = guests.measuredUsage { return guests.isThrottling || exceeds(usage.owner + usage.guests) }
        guard case .everything = house.configuration.ownerScope, let machine else { return false }
        let last = state.withLock { $0.machine }
        let cpu = last.map { max(.zero, machine.cpu - $0.cpu).mean(over: machine.at - $0.at) }
        return exceeds(Amounts(cpu: cpu ?? .zero, memory: machine.memory))
    }

    /// Between readings, now.
    var interval: Microseconds { state.withLock { $0.pace.interval } }

    // MARK: Writing

    /// Writes what there is. What cannot be written now is kept, and tried again with the next.
    private func write() async {
        // on a thread of its own: the disk may be slow
        await onThread { [self] in
            archive.withLock { archive in
                let now = house.clock()
                let restored = archive.open(at: now)
                let batch = state.withLock { state in
                    state.chronicle.restore(restored, at: now.instant)
                    return state.chronicle.batch
                }
                if archive.write(batch, at: now) { state.withLock { $0.chronicle.wrote(batch) } }
            }
        }
        reportLoss()
    }

    private func reportLoss() {
        let loss = state.withLock { state in
            defer { state.lost = state.chronicle.lost }
            return state.chronicle.lost - state.lost
        }
        guard loss > 0 else { return }
        house.log.error("what was measured is given up: too much waits for being written", metadata: ["rows": "\(loss)"])
    }

    // MARK: Looking

    /// The history of a subject in points; `nil` when nothing is known of it.
    func chart(of subject: Subject, _ empty: Chart, _ metrics: [Metric]) -> Chart? {
        read { store, _, source throws(HistoryStoreError) in try source(subject).chart(empty, metrics, from: store) } ?? nil
    }

    /// Who had the capacity in the windows of a chart.
    func capacity(_ empty: CapacityChart) -> CapacityChart {
        read { store, unwritten, source throws(HistoryStoreError) in
            let leases = unwritten.filter { $0 != .machine }.map(source)
            return try CapacitySource(machine: source(.machine), leases: leases).chart(empty, from: store)
        } ?? empty
    }

    /// The beginning of what is known of the machine; `nil` when nothing is.
    var beginning: Timestamp? {
        read { store, _, source throws(HistoryStoreError) in try source(.machine).beginning(store) } ?? nil
    }

    /// Looks at what is on disk and in memory, both of the same moment.
    ///
    /// - Parameter body: gets the file, unless there is none now, those of whom something is not in it yet, and what makes a
    ///   source of all that is known of a subject.
    private func read<Value: Sendable>(
        _ body: (HistoryStore?, [Subject], (Subject) -> HistorySource) throws(HistoryStoreError) -> Value
    ) -> Value? {
        archive.withLock { archive in
            let now = house.clock().utc
            let chronicle = state.withLock { $0.chronicle }
            func source(_ subject: Subject) -> HistorySource {
                var source = HistorySource(subject: subject, now: now)
                source.unwritten = Dictionary(
                    uniqueKeysWithValues: Resolution.allCases.map { ($0, chronicle.unwritten($0, of: subject)) })
                return source
            }
            let found = archive.read { (store) throws(HistoryStoreError) in try body(store, chronicle.known, source) }
            // What is in memory can always be read.
            return found ?? (try? body(nil, chronicle.known, source))
        }
    }

    /// Whether anything was ever measured here of a lease.
    func knows(_ lease: LeaseID) -> Bool {
        if state.withLock({ $0.chronicle.subjects.contains(.lease(lease)) }) { return true }
        return archive.withLock { archive in
            archive.read { (store) throws(HistoryStoreError) in try store.knows(.lease(lease)) } ?? false
        }
    }

    /// How it is done, for people and programs.
    var standing: Standing {
        let (size, failures, fault) = archive.withLock { ($0.size, $0.failures, $0.fault) }
        return state.withLock {
            Standing(
                machine: $0.machine, leases: $0.leases, interval: $0.pace.interval, isIncident: $0.pace.isIncident,
                lostRows: $0.chronicle.lost, size: size, limit: house.configuration.accounting.maximumSize,
                failures: failures, fault: fault)
        }
    }

    struct Standing: Sendable {
        /// The machine's counters at the last reading.
        let machine: MachineCounters?
        let leases: LeaseCounters
        /// Between readings, now.
        let interval: Microseconds
        /// A threshold is exceeded, or was a moment ago.
        let isIncident: Bool
        let lostRows: Int64
        let size: Bytes
        let limit: Bytes
        let failures: Int64
        /// Why the history is not written.
        let fault: HistoryStoreError?
    }

    var nodeName: String { house.configuration.name }
}
