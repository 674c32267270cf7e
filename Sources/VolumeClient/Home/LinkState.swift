internal import Dispatch
internal import Glibc
internal import Resources
internal import Synchronization
internal import Volumes

/// A session on a connection, as long as it is there.
struct Turn: Hashable {
    let session: SessionID
    /// One higher each time that the connection was lost.
    let number: UInt64
    let epoch: UInt64
}

/// How a session stands with its home.
struct LinkState {
    var session: SessionID
    /// Of the home that knows all that the session has.
    var epoch: UInt64 = 0
    var term = Microseconds.zero
    var traits = VolumeTraits()
    var number: UInt64 = 0
    /// Whether the home can be asked.
    var isConnected = false
    /// Whether the home knows the session on the connection, though it may not be asked all yet.
    var isPresent = false
    var isMending = false
    var isSynchronizing = false
    var isCutOff = false
    /// Why nothing is asked any more.
    var end: PosixError?
    /// Opens when the home can be asked.
    var gate = Gate()

    // MARK: Changes
    var slots: [UInt64] = Array(repeating: 0, count: Int(Session.slots))
    var free: [UInt16] = Array((0..<Session.slots).reversed())
    /// What was carried out and may be lost yet, by its place.
    var kept = SortedMap<UInt64, Record>()

    init(_ session: SessionID) { self.session = session }

    var turn: Turn? { isConnected ? Turn(session: session, number: number, epoch: epoch) : nil }

    /// Takes note of what has become of records with another home.
    ///
    /// - Returns: those that are lost.
    mutating func settle(_ outcomes: [ReplayOutcome]) -> [Record] {
        let places = Dictionary(outcomes.map { ($0.time, $0.record) }) { _, later in later }
        var (moved, lost) = (SortedMap<UInt64, Record>(), [Record]())
        for record in kept.values {
            guard let place = places[record.time] ?? nil else {
                lost.append(record)
                continue
            }
            moved[place] = Record(
                index: place, epoch: record.epoch, time: record.time, origin: record.origin, operation: record.operation)
        }
        kept = moved
        return lost
    }

    /// Records up to one are durable.
    mutating func drop(through index: UInt64) {
        while let first = kept.keys.first, first <= index { kept[first] = nil }
    }
}

/// Lets threads wait until it is open.
final class Gate: Sendable {
    private let group = DispatchGroup()
    private let isOpen = Atomic(false)

    init() { group.enter() }
    deinit { open() }

    func open() { if !isOpen.exchange(true, ordering: .acquiringAndReleasing) { group.leave() } }

    /// So often it is looked whether whoever waits still does.
    private static let attention = Microseconds.milliseconds(200)

    /// Waits until it is open.
    ///
    /// - Parameter isGivenUp: is asked now and then.
    /// - Throws: ``PosixError/inputOutput`` when that takes too long, ``PosixError/interrupted`` when it is given up.
    func wait(until deadline: Instant, unless isGivenUp: () -> Bool) throws(PosixError) {
        while true {
            let left = deadline - .now
            if wait(min(left, Self.attention)) { return }
            if left <= .zero { throw .inputOutput }
            if isGivenUp() { throw .interrupted }
        }
    }

    /// - Returns: whether it opened in time.
    private func wait(_ patience: Microseconds) -> Bool {
        group.wait(timeout: .now() + .microseconds(Int(clamping: patience.rawValue))) == .success
    }
}

extension Instant {
    /// By the clock that counts while the machine sleeps.
    static var now: Instant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}

extension Duration {
    var microseconds: Microseconds {
        Microseconds(Int64(clamping: components.seconds) * 1_000_000 + components.attoseconds / 1_000_000_000_000)
    }

    init(_ span: Microseconds) { self = .microseconds(span.rawValue) }
}
