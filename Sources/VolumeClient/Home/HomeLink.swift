internal import Dispatch
package import Frames
internal import Mounts
internal import NIOCore
package import Resources
internal import Synchronization
package import Volumes

/// A session with the home of a volume, for threads that wait for its answers.
///
/// When the connection or the home goes away, calls wait, up to a bound, while the session is taken up again in the background: on
/// another connection, with a home that began again, maybe on another node, or, when it is over, by another session. Whatever was
/// under way is asked again, and a change is carried out once.
package final class HomeLink: Sendable {
    package struct Options: Sendable {
        /// For how long a call waits for its answer, the time included for which there is no home.
        package var patience = Duration.seconds(30)
        /// How often something is asked at least, so that the home knows that the session is there. More often where the home is
        /// less patient.
        package var beat = Duration.seconds(1)

        package init() {}
    }

    package let volume: VolumeID
    let node: NodeID
    let line: HomeLine
    let options: Options
    let state: Mutex<LinkState>
    let mending = DispatchQueue(label: "surplus.volume.home")
    let beating = DispatchQueue(label: "surplus.volume.presence")
    let reporting = DispatchQueue(label: "surplus.volume.reports")
    /// Ends a pause between attempts to take the session up.
    let ending = DispatchSemaphore(value: 0)
    /// Until when the home keeps what the session has, in microseconds of the clock since boot.
    let presence = Atomic<Int64>(0)
    let holdings = Mutex<WeakHoldings>(WeakHoldings())
    private let slots = DispatchSemaphore(value: Int(Session.slots))
    /// So many records that may be lost yet are kept at most.
    private static let mostKept = 4096

    struct WeakHoldings {
        weak var value: (any SessionHoldings)?
    }

    /// Begins a session.
    ///
    /// - Parameters:
    ///   - session: unique for ever. Others follow it when it is over.
    ///   - find: finds out where the home is; `nil` when that is not known now. Asked again whenever the home is not there, or says
    ///     that it is not the home. It may block.
    ///   - dial: makes the connection to it, one alone, whose notices go to ``VolumeFileSystem/heed(_:)-(FrameMessage)``.
    /// - Throws: ``PosixError`` when the home cannot be reached or refuses.
    package init(
        to volume: VolumeID, session: SessionID, as node: NodeID, _ options: Options = Options(),
        find: @escaping @Sendable () -> HomeAddress?, dial: @escaping @Sendable (HomeAddress) -> FramePool
    ) throws(PosixError) {
        self.volume = volume
        self.node = node
        line = HomeLine(find: find, dial: dial)
        self.options = options
        state = Mutex(LinkState(session))
        try begin(session)
        planBeat()
    }

    private func begin(_ session: SessionID) throws(PosixError) {
        // A home that is elsewhere than it was found is looked for again.
        while line.find() {
            let asked = Instant.now
            switch send(.begin(node: node), as: session, within: options.patience) {
            case .answer(.began(let identity, _)): return connect(session, identity, asked: asked)
            case .answer(.refused(let error)), .failed(let error): throw error
            case .answer: throw .protocolFault
            case .broken: continue
            }
        }
        throw .inputOutput
    }

    /// Longer than a session lives.
    static let forever = Microseconds.hours(24 * 365)

    /// Whether nothing is asked any more.
    var isOver: Bool { state.withLock { $0.end != nil } }

    /// The home may be on another node from now on.
    package func lookForHome() { if let turn = state.withLock(\.turn) { mend(turn) } }

    /// Of the volume, as the home told it when the session began.
    package var traits: VolumeTraits { state.withLock(\.traits) }

    /// Who is told what becomes of the session.
    package func attach(_ holdings: any SessionHoldings) { self.holdings.withLock { $0.value = holdings } }

    /// The session that there is now.
    package var session: SessionID { state.withLock(\.session) }

    /// Whether the home keeps what the session has: nothing that rests on a lease may be used otherwise.
    package var isPresent: Bool { Instant.now.microseconds < presence.load(ordering: .acquiring) }

    /// The recall in a notice; `nil` when it is something else.
    package static func recall(in notice: FrameMessage) -> LeaseRecall? {
        guard notice.code == LeaseRecall.code else { return nil }
        return try? LeaseRecall.read(Array(buffer: notice.body)).recall
    }

    // MARK: Asking

    /// Asks and waits.
    ///
    /// - Throws: what the home refuses with; ``PosixError/inputOutput`` when there is no answer in time.
    package func ask(_ request: HomeRequest) throws(PosixError) -> HomeAnswer { try exchange { _ in request }.answer }

    /// - Parameters:
    ///   - patience: as ``Options/patience`` unless told otherwise.
    ///   - request: what to ask, each time that there is a connection to ask on.
    func exchange(
        within patience: Microseconds? = nil, _ request: (Turn) throws(PosixError) -> HomeRequest
    ) throws(PosixError) -> (answer: HomeAnswer, turn: Turn) {
        let deadline = Instant.now + (patience ?? options.patience.microseconds)
        while true {
            let turn = try turn(until: deadline)
            let (asked, request) = (Instant.now, try request(turn))
            switch send(request, as: turn.session, within: Duration(deadline - asked)) {
            case .answer(let answer):
                heard(asked, turn)
                if case .refused(let error) = answer { throw error }
                return (answer, turn)
            case .failed(let error): throw error
            case .broken: mend(turn)
            }
        }
    }

    /// Waits until the home can be asked.
    private func turn(until deadline: Instant) throws(PosixError) -> Turn {
        while true {
            let (turn, gate, end) = state.withLock { ($0.turn, $0.gate, $0.end) }
            if let end { throw end }
            if let turn { return turn }
            try gate.wait(until: deadline) { Mount.isCallInterrupted }
        }
    }

    /// Waits until the home can be asked.
    ///
    /// - Throws: ``PosixError/inputOutput`` when that takes too long.
    func awaitHome(within patience: Microseconds? = nil) throws(PosixError) { _ = try exchange(within: patience) { _ in .ping } }

    /// Whether the home was there all the time since it was asked.
    func isCurrent(_ turn: Turn) -> Bool { state.withLock { $0.turn == turn } }

    enum Outcome {
        case answer(HomeAnswer)
        /// The home is not there, or not there for this session: it has to be taken up again.
        case broken
        case failed(PosixError)
    }

    func send(_ request: HomeRequest, as session: SessionID, within patience: Duration) -> Outcome {
        do throws(FrameError) {
            guard let pool = line.pool else { return .broken }
            return .init(.success(try pool.wait(for: frame(request, session), within: patience)))
        } catch { return .init(.failure(error)) }
    }

    func frame(_ request: HomeRequest, _ session: SessionID) -> FrameMessage {
        FrameMessage(
            code: request.code, body: ByteBuffer(bytes: HomeMessage(request, of: session, volume: volume).encoded))
    }

    // MARK: Changing

    /// Has something changed.
    ///
    /// - Parameters:
    ///   - session: which alone may ask for it; `nil` when it rests on nothing that a session has.
    ///   - patience: as ``Options/patience`` unless told otherwise.
    ///   - durably: whether to come back only when it is durable. It is asked each time before the home is.
    ///   - isWanted: is asked each time, too; what is not wanted any more is given up.
    /// - Returns: what came of it, the leases that came with it, and directories that have other entries now, as far as it is known
    ///   how they are.
    package func change(
        _ operation: Operation, during session: SessionID? = nil, within patience: Microseconds? = nil,
        durably: () -> Bool = { false }, while isWanted: () -> Bool = { true }
    ) throws(PosixError) -> (reply: Reply, grants: [LeaseGrant], directories: [Inode]) {
        let patience = patience ?? options.patience.microseconds
        guard slots.wait(timeout: .now() + .microseconds(Int(patience.rawValue))) == .success else { throw .inputOutput }
        let (slot, number) = state.withLock { state in
            let slot = state.free.removeLast()
            state.slots[Int(slot)] += 1
            return (slot, state.slots[Int(slot)])
        }
        defer {
            state.withLock { $0.free.append(slot) }
            slots.signal()
        }
        var (asked, isDurable) = (session, false)
        while true {
            let (answer, turn) = try exchange(within: patience) { turn throws(PosixError) in
                // For a session that is over it may have been carried out.
                guard asked == nil || asked == turn.session, isWanted() else { throw .inputOutput }
                (asked, isDurable) = (turn.session, durably())
                return .change(operation, slot: slot, number: number, durably: isDurable)
            }
            switch answer {
            case .changed(let reply, let record, let grants, let directories):
                if try isDurable ? settle(record, turn) : keep(record, turn) { return (reply, grants, directories) }
            case .repeated(let reply): return (reply, [], [])
            default: throw .protocolFault
            }
        }
    }

    /// Keeps a record, for a home that loses it.
    ///
    /// - Returns: `false` when the home was lost since: then whoever asked has to ask again.
    private func keep(_ record: Record, _ turn: Turn) throws(PosixError) -> Bool {
        let count = state.withLock { state -> Int? in
            guard state.turn == turn else { return nil }
            state.kept[record.index] = record
            return state.kept.count
        }
        guard let count else { return false }
        if count > Self.mostKept { try synchronize() }
        return true
    }

    /// All up to this record is durable.
    ///
    /// - Returns: as ``keep(_:_:)``.
    private func settle(_ record: Record, _ turn: Turn) -> Bool {
        becameDurable(record.index, turn)
        return isCurrent(turn)
    }

    /// Returns when all is durable that this session has changed.
    package func synchronize() throws(PosixError) {
        guard hasUnsettled else { return }
        var last: UInt64?
        let (_, turn) = try exchange { _ in
            last = state.withLock { $0.kept.keys.last }
            return last.map { .synchronize(record: $0) } ?? .ping
        }
        if let last { becameDurable(last, turn) }
    }

    /// Whether something that this session has changed may not be durable yet.
    var hasUnsettled: Bool { state.withLock { !$0.kept.isEmpty } }

    func becameDurable(_ record: UInt64, _ turn: Turn) {
        state.withLock { if $0.turn == turn { $0.drop(through: record) } }
    }

    /// Ends the session; what it has is given back at once where the home can be told.
    package func end() {
        let turn = state.withLock { state in
            defer { (state.end, state.isConnected, state.isPresent) = (.inputOutput, false, false) }
            return state.turn
        }
        if let turn { _ = send(.end, as: turn.session, within: .seconds(5)) }
        presence.store(0, ordering: .releasing)
        state.withLock { $0.gate.open() }
        ending.signal()
    }
}

extension HomeLink.Outcome {
    init(_ result: Result<FrameMessage, FrameError>) {
        switch result {
        case .success(let frame):
            do throws(MalformedMessage) {
                let answer = try HomeAnswer(code: frame.code, encoded: Array(buffer: frame.body))
                self = if case .elsewhere = answer { .broken } else { .answer(answer) }
            } catch { self = .failed(.protocolFault) }
        case .failure(.lost), .failure(.unreachable), .failure(.overloaded): self = .broken
        case .failure(.refused(let refusal)):
            switch refusal.kind {
            case .busy, .failed, .unknown: self = .broken
            case .notPermitted: self = .failed(.accessDenied)
            case .malformed: self = .failed(.protocolFault)
            }
        case .failure(.timedOut), .failure(.cancelled), .failure(.closed), .failure(.notListening), .failure(.tooLarge):
            self = .failed(.inputOutput)
        }
    }
}
