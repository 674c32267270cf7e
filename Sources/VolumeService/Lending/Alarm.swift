internal import Dispatch
internal import Resources
internal import Synchronization

/// Wakes a thread that waits, or has it wait no more.
final class Alarm: Sendable {
    private let bell = DispatchSemaphore(value: 0)
    private let isOver = Atomic(false)

    func ring() { bell.signal() }

    func end() {
        isOver.store(true, ordering: .releasing)
        bell.signal()
    }

    /// Waits until it rings, at most for so long.
    ///
    /// - Returns: `false` once it is over.
    func wait(_ span: Microseconds) -> Bool {
        if bell.wait(timeout: .now() + .microseconds(Int(clamping: span.rawValue))) == .success {
            // One for all that rang.
            while bell.wait(timeout: .now()) == .success {}
        }
        return !isOver.load(ordering: .acquiring)
    }
}
