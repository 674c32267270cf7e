internal import Dispatch
internal import Foundation
internal import Synchronization

/// Calls about once a second, on a thread of its own.
final class Clockwork: Sendable {
    private let ending = DispatchSemaphore(value: 0)
    private let thread = Mutex<DispatchGroup?>(nil)

    func start(_ body: @escaping @Sendable () -> Void) {
        let running = DispatchGroup()
        running.enter()
        thread.withLock { $0 = running }
        Thread.detachNewThread { [ending] in
            while ending.wait(timeout: .now() + .seconds(1)) == .timedOut { body() }
            running.leave()
        }
    }

    /// Comes back when no call is under way any more. Not within one.
    func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        ending.signal()
        running.wait()
    }
}
