internal import Dispatch
package import Frames
internal import NIOCore
package import Resources
internal import Synchronization
package import Volumes

/// A session with the home of a volume, for threads that wait for its answers.
package final class HomeLink: Sendable {
    private struct State {
        var slots: [UInt64] = Array(repeating: 0, count: Int(Session.slots))
        var free: [UInt16] = Array((0..<Session.slots).reversed())
        /// The last record that a change of this session became.
        var record: UInt64 = 0
    }

    package let volume: VolumeID
    package let session: SessionID
    private let pool: FramePool
    private let patience: Duration
    private let state = Mutex(State())
    private let slots = DispatchSemaphore(value: Int(Session.slots))

    /// Begins a session.
    ///
    /// - Parameter pool: of one connection, whose notices go to ``recall(in:)``.
    /// - Throws: ``PosixError`` when the home cannot be reached or refuses.
    package init(
        to volume: VolumeID, session: SessionID, as node: NodeID, over pool: FramePool, patience: Duration = .seconds(30)
    ) throws(PosixError) {
        self.volume = volume
        self.session = session
        self.pool = pool
        self.patience = patience
        _ = try ask(.begin(node: node))
    }

    /// The recall in a notice; `nil` when it is something else.
    package static func recall(in notice: FrameMessage) -> LeaseRecall? {
        guard notice.code == LeaseRecall.code else { return nil }
        return try? LeaseRecall.read(Array(buffer: notice.body)).recall
    }

    /// Asks and waits.
    ///
    /// - Throws: what the home refuses with; ``PosixError/inputOutput`` when there is no answer.
    package func ask(_ request: HomeRequest) throws(PosixError) -> HomeAnswer {
        let message = HomeMessage(request, of: session, volume: volume)
        let answer: HomeAnswer
        do {
            let frame = try pool.wait(
                for: FrameMessage(code: request.code, body: ByteBuffer(bytes: message.encoded)), within: patience)
            answer = try HomeAnswer(code: frame.code, encoded: Array(buffer: frame.body))
        } catch {
            throw .inputOutput
        }
        if case .refused(let error) = answer { throw error }
        return answer
    }

    /// Has something changed.
    ///
    /// - Returns: what came of it, and the leases that came with it.
    package func change(_ operation: Operation) throws(PosixError) -> (reply: Reply, grants: [LeaseGrant]) {
        slots.wait()
        let (slot, number) = state.withLock { state in
            let slot = state.free.removeLast()
            state.slots[Int(slot)] += 1
            return (slot, state.slots[Int(slot)])
        }
        defer {
            state.withLock { $0.free.append(slot) }
            slots.signal()
        }
        switch try ask(.change(operation, slot: slot, number: number)) {
        case .changed(let reply, let record, let grants):
            state.withLock { $0.record = max($0.record, record.index) }
            return (reply, grants)
        case .repeated(let reply): return (reply, [])
        default: throw .protocolFault
        }
    }

    /// Returns when all is durable that this session has changed.
    package func synchronize() throws(PosixError) {
        let record = state.withLock { $0.record }
        if record > 0 { _ = try ask(.synchronize(record: record)) }
    }
}
