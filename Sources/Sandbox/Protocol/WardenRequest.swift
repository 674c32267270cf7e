import Resources

/// A lease for the warden to hold: what is granted, and for how long.
package struct LeaseGrant: Hashable, Sendable {
    package var lease: LeaseID
    /// The most it may use.
    package var amounts: Amounts
    /// Below this it counts as throttled: that time is neither billed nor counted against its term.
    package var floor: Amounts
    /// The warden ends the lease by itself when this has passed, with or without an agent.
    package var remaining: Microseconds
    /// How long before its end the guest is warned when the enforcer takes the lease back.
    package var notice: Microseconds
    /// Why the owner takes it back, once notice was given: its guests are told.
    package var leaving: String?

    package init(
        lease: LeaseID, amounts: Amounts, floor: Amounts, remaining: Microseconds,
        notice: Microseconds = NoticeClass.standard.notice, leaving: String? = nil
    ) {
        self.lease = lease
        self.amounts = amounts
        self.floor = floor
        self.remaining = remaining
        self.notice = notice
        self.leaving = leaving
    }
}

/// What an agent asks of its warden. Every request may be repeated: what is done already is answered as before.
package enum WardenRequest: Hashable, Sendable {
    /// First on every connection: the range of protocol versions that the agent speaks, and the agent's release.
    case hello(lowest: Int, highest: Int, release: String)
    case setPolicy(WardenPolicy)
    /// Sets resources aside, or changes what is set aside for a lease that is open.
    case openLease(LeaseGrant)
    /// Ends everything that runs under the lease and forgets it; answered when all of it is gone.
    case closeLease(LeaseID)
    /// The same for the owner, without notice: agents are told that it was taken back. Since version 6.
    case evictLease(LeaseID)
    /// Makes the job's directory; the agent may then put inputs into its `work`.
    case prepareJob(JobID, LeaseID)
    /// Starts a prepared job.
    case startJob(GuestSpec)
    case signalJob(JobID, Int32)
    case jobState(JobID)
    /// Gives the work directory of a job that has ended, with all in it, to the agent.
    case claimWork(JobID)
    /// Ends the job if it runs and deletes its files.
    case removeJob(JobID)
    case inventory
    case readings
    /// Counters of each open lease, for its history. Since version 2.
    case measurements
    /// The steps on the ladder after a time, oldest first, as far as the warden remembers them. Since version 3.
    case moves(after: Timestamp)
}

extension WardenRequest: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        switch self {
        case .hello(let lowest, let highest, let release):
            writer.write("hello")
            writer.write(Int64(lowest))
            writer.write(Int64(highest))
            writer.write(release)
        case .setPolicy(let policy): writer.write("set policy", policy)
        case .openLease(let grant): writer.write("open lease", grant)
        case .closeLease(let lease): writer.write("close lease", lease)
        case .evictLease(let lease): writer.write("evict lease", lease)
        case .prepareJob(let job, let lease):
            writer.write("prepare job", job)
            writer.write(lease)
        case .startJob(let spec): writer.write("start job", spec)
        case .signalJob(let job, let number):
            writer.write("signal job", job)
            writer.write(Int64(number))
        case .jobState(let job): writer.write("job state", job)
        case .claimWork(let job): writer.write("claim work", job)
        case .removeJob(let job): writer.write("remove job", job)
        case .inventory: writer.write("inventory")
        case .readings: writer.write("readings")
        case .measurements: writer.write("measurements")
        case .moves(let time):
            writer.write("moves")
            writer.write(time)
        }
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        switch try reader.string(atMost: 32) {
        case "hello":
            let versions = 0...Int(UInt16.max)
            self = .hello(
                lowest: try reader.number(in: versions), highest: try reader.number(in: versions),
                release: try reader.string(atMost: 128))
        case "set policy": self = .setPolicy(try reader.value())
        case "open lease": self = .openLease(try reader.value())
        case "close lease": self = .closeLease(try reader.identifier())
        case "evict lease": self = .evictLease(try reader.identifier())
        case "prepare job": self = .prepareJob(try reader.identifier(), try reader.identifier())
        case "start job": self = .startJob(try reader.value())
        case "signal job": self = .signalJob(try reader.identifier(), Int32(try reader.number(in: 1...64)))
        case "job state": self = .jobState(try reader.identifier())
        case "claim work": self = .claimWork(try reader.identifier())
        case "remove job": self = .removeJob(try reader.identifier())
        case "inventory": self = .inventory
        case "readings": self = .readings
        case "measurements": self = .measurements
        case "moves": self = .moves(after: try reader.timestamp())
        case let other: throw .init(description: "an unknown request '\(other)'")
        }
    }
}

extension LeaseGrant: Canonical {
    package func write(to writer: inout CanonicalWriter) {
        writer.write(lease)
        writer.write(amounts)
        writer.write(floor)
        writer.write(remaining)
        guard writer.version >= 2 else { return }
        writer.write(notice)
        writer.write(leaving)
    }

    package init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        lease = try reader.identifier()
        amounts = try reader.value()
        floor = try reader.value()
        remaining = try reader.quantity(atMost: Bounds.term)
        notice = reader.version >= 2 ? try reader.quantity(atMost: Bounds.term) : NoticeClass.standard.notice
        leaving = reader.version >= 2 ? try reader.optional() : nil
        guard amounts.isPositive, floor.fits(in: amounts) else {
            throw .init(description: "a lease of \(amounts.cpu) and \(amounts.memory) with a floor above it, or of nothing")
        }
    }
}

extension CanonicalWriter {
    /// The name of a message and what it says.
    mutating func write(_ name: String, _ content: some Canonical) {
        write(name)
        write(content)
    }
}
