import Dispatch
import Foundation
import Synchronization

/// Threads of a test that work at the same time.
final class Workers: Sendable {
    private let group = DispatchGroup()
    private let faults = Mutex<[String]>([])

    func start(_ body: @escaping @Sendable () throws -> Void) {
        group.enter()
        Thread.detachNewThread { [self] in
            do { try body() } catch { faults.withLock { $0.append("\(error)") } }
            group.leave()
        }
    }

    /// - Returns: What went wrong, when all have ended.
    func join() -> [String] {
        guard group.wait(timeout: .now() + 90) == .success else { return ["they do not end"] }
        return faults.withLock { $0 }
    }
}

/// A place where several threads meet, or give up after a while.
final class Meeting: Sendable {
    private let missing: Mutex<Int>
    private let met = DispatchSemaphore(value: 0)

    init(_ count: Int) { missing = Mutex(count) }

    var hasMet: Bool { missing.withLock { $0 <= 0 } }

    func arrive() {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing <= 0
        }
        if !isLast { _ = met.wait(timeout: .now() + 20) }
        met.signal()
    }
}
