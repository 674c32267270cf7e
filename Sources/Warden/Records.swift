import Glibc
import Kernel
import Reclaim
import Resources
import Sandbox

/// A lease as it survives the warden.
struct LeaseRecord: Hashable {
    struct End: Hashable {
        var reason: String
        var at: Timestamp
    }

    var grant: LeaseGrant
    /// When the warden ends it by itself.
    var deadline: Deadline
    var meter = Meter()
    /// How much of the kernel's counter is in the meter.
    var counted: CoreMicroseconds = .zero
    /// When that was.
    var measured: Moment
    /// The ceiling in force.
    var ceiling: Millicores
    /// For what it is frozen, if it is.
    var frozenFor: Resource?
    /// Set once the enforcer takes it back.
    var taking: TakingBack?
    /// Set once nothing of it is left but this record.
    var end: End?
    /// Its place among all in the order in which they were opened, which ids do not tell: they are of borrowers' making.
    var place: Int64 = 0
}

/// A job as it survives the warden. Everything that happens after the start is told by the job's own files.
struct JobRecord: Hashable {
    var job: JobID
    var lease: LeaseID
    /// Which of the guests' users it runs as.
    var slot: Int
    /// Whether its program may have been started.
    var isStarted: Bool
}

/// Where the guests' control groups are.
struct GroupRecord: Hashable {
    var places: [String]
    /// The groups above them that were not there before, each before those within it: they go when all is taken down.
    var parents: [String] = []
}

/// Until when nothing new should be offered, because guests were frozen or ended for the owner.
struct CoolDownRecord: Hashable {
    var end: Deadline
}

extension LeaseRecord: Canonical {
    func write(to writer: inout CanonicalWriter) {
        writer.write(grant)
        writer.write(deadline)
        writer.write(LeaseMeter(meter))
        writer.write(meter.remainder)
        writer.write(counted)
        writer.write(measured.boot.value)
        writer.write(measured.instant.microseconds)
        writer.write(measured.utc)
        writer.write(ceiling)
        writer.write(end != nil)
        if let end {
            writer.write(end.reason)
            writer.write(end.at)
        }
        writer.write(frozenFor?.rawValue)
        writer.write(taking)
        writer.write(place)
    }

    init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        grant = try reader.value()
        deadline = Deadline(try reader.moment())
        let counters: LeaseMeter = try reader.value()
        meter = Meter(
            measured: counters.measured, billable: counters.billable, throttled: counters.throttled,
            remainder: try reader.integer())
        counted = try reader.quantity(atMost: CoreMicroseconds(.max))
        measured = try reader.moment()
        ceiling = try reader.quantity(atMost: Bounds.cpu)
        end = try reader.bool() ? End(reason: try reader.string(atMost: 4096), at: try reader.timestamp()) : nil
        guard reader.version >= 2 else { return }
        frozenFor = try reader.optional(String.self).flatMap(Resource.init)
        taking = try reader.optional()
        if reader.version >= 3 { place = try reader.integer() }
    }
}

extension CanonicalWriter {
    fileprivate mutating func write(_ deadline: Deadline) {
        write(deadline.boot.value)
        write(deadline.instant.microseconds)
        write(deadline.utc)
    }
}

extension CanonicalReader {
    fileprivate mutating func moment() throws(Malformed) -> Moment {
        Moment(
            boot: BootID(try string(atMost: 64)), instant: Instant(microseconds: try integer()), utc: try timestamp())
    }
}

extension LeaseMeter {
    init(_ meter: Meter) {
        self.init(measured: meter.measured, billable: meter.billable, throttled: meter.throttled)
    }
}

extension JobRecord: Canonical {
    func write(to writer: inout CanonicalWriter) {
        writer.write(job)
        writer.write(lease)
        writer.write(Int64(slot))
        writer.write(isStarted)
    }

    init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        job = try reader.identifier()
        lease = try reader.identifier()
        slot = try reader.number(in: 0...WardenLimits.jobs)
        isStarted = try reader.bool()
    }
}

extension GroupRecord: Canonical {
    func write(to writer: inout CanonicalWriter) {
        writer.write(places)
        writer.write(parents)
    }

    init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        places = try reader.list(atMost: 16)
        parents = reader.version >= 2 ? try reader.list(atMost: Self.mostParents) : []
    }

    /// More levels of groups than the kernel allows by far, in each of the hierarchies.
    static let mostParents = 16 * 64
}

extension CoolDownRecord: Canonical {
    func write(to writer: inout CanonicalWriter) { writer.write(end) }

    init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) { end = Deadline(try reader.moment()) }
}

/// The last steps on the ladder, oldest first.
struct MoveLog: Hashable {
    private(set) var moves: [Move] = []

    /// Remembers one more, in place of the oldest where there are many. Later than all others, so that who has seen one can ask
    /// for those after it.
    mutating func append(_ change: RungChange, isDryRun: Bool, at now: Timestamp) -> Move {
        let soonest = moves.last.map { Timestamp(microseconds: $0.at.microseconds + 1) } ?? now
        let move = Move(at: max(now, soonest), change: change, isDryRun: isDryRun)
        moves.append(move)
        if moves.count > WardenLimits.moves { moves.removeFirst() }
        return move
    }
}

extension MoveLog: Canonical {
    func write(to writer: inout CanonicalWriter) { writer.write(moves) }
    init(from reader: inout CanonicalReader) throws(CanonicalReader.Malformed) {
        moves = try reader.list(atMost: WardenLimits.moves)
    }
}
