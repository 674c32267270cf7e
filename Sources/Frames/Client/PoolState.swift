internal import NIOCore

/// What a pool knows of its connections and of the calls that wait for one. Changed under the pool's lock; the steps that it
/// returns are taken without.
struct PoolState {
    enum Step {
        case send(FrameCall, FrameConnection)
        case connect(UInt64)
        case fail(FrameCall, FrameError)
        /// Look at deadlines again, then.
        case look(at: NIODeadline)
    }

    private struct Member {
        let connection: FrameConnection
        let capacity: Int
        var open = 0
        var bytes = 0
        var isLeaving = false
    }

    private let options: FramePool.Options
    private var members: [UInt64: Member] = [:]
    private var attempts: Set<UInt64> = []
    private var waiting = CircularBuffer<FrameCall>()
    /// All calls that have not ended, by number.
    private var calls: [UInt64: FrameCall] = [:]
    private var lookAt: NIODeadline?
    private var nextNumber: UInt64 = 1
    private var failures = 0
    private var pauseEnd = NIODeadline.uptimeNanoseconds(0)
    private var lastReason = ""
    private(set) var isShutDown = false

    init(_ options: FramePool.Options) { self.options = options }

    var connections: [FrameConnection] { members.values.map(\.connection) }

    /// Whether there is no connection, and the last attempt to make one came to nothing.
    var isDoubtful: Bool { failures > 0 && !members.values.contains { !$0.isLeaving } }

    mutating func number() -> UInt64 {
        defer { nextNumber += 1 }
        return nextNumber
    }

    // MARK: Calls

    mutating func start(_ call: FrameCall, at now: NIODeadline) -> [Step] {
        guard !isShutDown else { return [.fail(call, .closed)] }
        guard call.deadline > now else { return [.fail(call, .timedOut)] }
        var steps = place(call, at: now)
        if case .fail = steps.first { return steps }
        calls[call.number] = call
        if lookAt.map({ call.deadline < $0 }) ?? true {
            lookAt = call.deadline
            steps.append(.look(at: call.deadline))
        }
        return steps
    }

    private mutating func place(_ call: FrameCall, at now: NIODeadline) -> [Step] {
        if let best = freest(), let member = members[best] {
            let isBusy = member.open >= options.callsToGrow || member.bytes >= options.bytesToGrow
            return [take(call, best)] + (isBusy ? connect(at: now) : [])
        }
        // One call is enough to find out whether the server is back; the others need not wait for that.
        if isDoubtful, !attempts.isEmpty { return [.fail(call, .unreachable(lastReason))] }
        let isUnderWay = waiting.count < attempts.count * options.callsToGrow
        let steps = isUnderWay ? [] : connect(at: now)
        guard !attempts.isEmpty || members.values.contains(where: { !$0.isLeaving }) else {
            return [.fail(call, .unreachable(lastReason))]
        }
        guard waiting.count < options.waiting else { return [.fail(call, .overloaded)] + steps }
        waiting.append(call)
        return steps
    }

    /// The connection with room that has least to move.
    private func freest() -> UInt64? {
        var best: (number: UInt64, member: Member)?
        for (number, member) in members where !member.isLeaving && member.open < member.capacity {
            if let known = best, (known.member.bytes, known.member.open, known.number) <= (member.bytes, member.open, number) {
                continue
            }
            best = (number, member)
        }
        return best?.number
    }

    private mutating func take(_ call: FrameCall, _ number: UInt64) -> Step {
        guard let connection = members[number]?.connection else { preconditionFailure("connection \(number) is known") }
        members[number]?.open += 1
        members[number]?.bytes += call.weight
        return .send(call, connection)
    }

    private mutating func connect(at now: NIODeadline) -> [Step] {
        let lasting = members.values.count { !$0.isLeaving }
        guard lasting + attempts.count < options.connections, now >= pauseEnd else { return [] }
        let attempt = number()
        attempts.insert(attempt)
        return [.connect(attempt)]
    }

    /// A call has ended, or its answer has come after it had.
    mutating func finished(_ call: FrameCall, on connection: UInt64) -> [Step] {
        calls[call.number] = nil
        members[connection]?.open -= 1
        members[connection]?.bytes -= call.weight
        return fill(connection)
    }

    /// Gives a connection what waits for one.
    private mutating func fill(_ number: UInt64) -> [Step] {
        var steps: [Step] = []
        while let member = members[number], !member.isLeaving, member.open < member.capacity, let call = waiting.popFirst() {
            if !call.isDone { steps.append(take(call, number)) }
        }
        return steps
    }

    /// Gives up the calls whose deadline has come.
    mutating func look(at now: NIODeadline, planned: NIODeadline) -> [Step] {
        guard lookAt == planned else { return [] }
        let late = calls.values.filter { $0.deadline <= now }
        for call in late { calls[call.number] = nil }
        if !late.isEmpty { waiting.removeAll { $0.deadline <= now } }
        lookAt = calls.values.map(\.deadline).min()
        return late.map { .fail($0, .timedOut) } + (lookAt.map { [.look(at: $0)] } ?? [])
    }

    /// Its caller does not want it any more.
    mutating func drop(_ call: FrameCall) {
        calls[call.number] = nil
        waiting.removeAll { $0 === call }
    }

    // MARK: Connections

    mutating func opened(_ connection: FrameConnection, capacity: Int) -> [Step] {
        attempts.remove(connection.number)
        failures = 0
        members[connection.number] = Member(connection: connection, capacity: capacity)
        return fill(connection.number)
    }

    /// An attempt to connect came to nothing.
    mutating func failed(_ attempt: UInt64, because reason: String, at now: NIODeadline) -> [Step] {
        guard attempts.remove(attempt) != nil else { return [] }
        let pause = min(options.times.longestPause, options.times.shortestPause * (1 << min(failures, 16)))
        failures += 1
        pauseEnd = now + TimeAmount(pause)
        lastReason = reason
        guard attempts.isEmpty, !members.values.contains(where: { !$0.isLeaving }) else { return [] }
        return failWaiting(.unreachable(reason))
    }

    private mutating func failWaiting(_ error: FrameError) -> [Step] {
        defer { waiting.removeAll() }
        for call in waiting { calls[call.number] = nil }
        return waiting.map { .fail($0, error) }
    }

    /// A connection takes no more calls.
    mutating func leaving(_ connection: UInt64, at now: NIODeadline) -> [Step] {
        members[connection]?.isLeaving = true
        return replace(at: now)
    }

    /// A connection is gone, and the calls on it have ended.
    mutating func closed(_ connection: UInt64, ending ended: [FrameCall], at now: NIODeadline) -> [Step] {
        members[connection] = nil
        for call in ended { calls[call.number] = nil }
        return replace(at: now)
    }

    private mutating func replace(at now: NIODeadline) -> [Step] {
        waiting.isEmpty || isShutDown ? [] : connect(at: now)
    }

    mutating func shutDown() -> [Step] {
        isShutDown = true
        return failWaiting(.closed)
    }
}
