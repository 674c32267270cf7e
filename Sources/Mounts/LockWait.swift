import CFUSE
import Glibc
import Synchronization
import Volumes

/// A call that waits for a lock, without a thread of its own. It ends once: with the first answer, whoever gives it.
package final class LockWait: Sendable {
    private struct State {
        /// The address of the request; nil once it was answered.
        var request: UInt?
        var isInterrupted = false
        var handler: (@Sendable () -> Void)?
    }

    /// Names the wait among those of its mount.
    let id: UInt64
    private let state: Mutex<State>
    private let ended: @Sendable (UInt64) -> Void

    init(id: UInt64, _ request: fuse_req_t, ended: @escaping @Sendable (UInt64) -> Void) {
        self.id = id
        self.ended = ended
        state = Mutex(State(request: UInt(bitPattern: request)))
    }

    /// The lock is the caller's now.
    package func grant() { end(with: 0) }

    /// The lock will not be had.
    package func refuse(_ error: PosixError) { end(with: error.rawValue) }

    /// What shall happen when a signal interrupts the caller: at once, when it did already. The wait goes on until it is ended,
    /// as a rule with ``PosixError/interrupted``; it may be granted still, and then is the caller's.
    ///
    /// The handler is called at most once: within this method or on a thread of the mount, so not with anything locked that it
    /// locks itself. A wait that ends at that moment may be over when it comes.
    package func whenInterrupted(_ handler: @escaping @Sendable () -> Void) {
        let isInterrupted = state.withLock { state in
            guard state.request != nil else { return false }
            state.handler = handler
            return state.isInterrupted
        }
        if isInterrupted { handler() }
    }

    func interrupt() {
        let handler = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.request != nil, !state.isInterrupted else { return nil }
            state.isInterrupted = true
            return state.handler
        }
        handler?()
    }

    /// Answers under the lock, so that a mount that ends does not take the session away from under an answer.
    private func end(with number: Int32) {
        let isFirst = state.withLock { state in
            guard let request = state.request else { return false }
            state.request = nil
            state.handler = nil
            fuse_reply_err(OpaquePointer(bitPattern: request), number)
            return true
        }
        if isFirst { ended(id) }
    }
}

/// The waits of one mount.
final class LockWaits: Sendable {
    private struct State {
        var next: UInt64 = 1
        var waits: [UInt64: LockWait] = [:]
    }

    private let state = Mutex(State())

    func begin(_ request: fuse_req_t) -> LockWait {
        state.withLock { state in
            let wait = LockWait(id: state.next, request) { [weak self] id in self?.end(id) }
            state.waits[state.next] = wait
            state.next += 1
            return wait
        }
    }

    func interrupt(_ id: UInt64) { state.withLock { $0.waits[id] }?.interrupt() }

    /// There is nobody any more who waits.
    func refuseAll() {
        for wait in state.withLock({ Array($0.waits.values) }) { wait.refuse(.inputOutput) }
    }

    private func end(_ id: UInt64) { state.withLock { $0.waits[id] = nil } }
}
