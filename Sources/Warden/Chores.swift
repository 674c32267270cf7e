import Glibc
import Kernel
import Sandbox
import Synchronization

/// Work on files that may take long, done on threads of its own while the warden goes on. What follows is done on the warden's
/// thread again.
final class Chores {
    typealias Work = @Sendable () -> KernelError?

    private struct Finished {
        var number: Int
        var failure: KernelError?
    }

    /// What the threads and the warden share.
    private final class Outbox: Sendable {
        let finished = Mutex<[Finished]>([])
        let wake: Int32
        init(wake: Int32) { self.wake = wake }
    }

    private static let mostAtOnce = 4

    /// Readable when something is finished.
    let descriptor: Int32
    private let outbox: Outbox
    private var next = 0
    private var running = 0
    private var waiting: [(number: Int, work: Work)] = []
    private var completions: [Int: (KernelError?) -> Void] = [:]

    init() throws(KernelError) {
        let ends = try Descriptor.pipe()
        for end in [ends.reading, ends.writing] { Descriptor.makeNonBlocking(end) }
        descriptor = ends.reading
        outbox = Outbox(wake: ends.writing)
    }

    /// Whether something is being done or waits for it.
    var isBusy: Bool { !completions.isEmpty }

    /// Does `work` on another thread, then `completion` here, out of ``deliver()``.
    func start(_ work: @escaping Work, then completion: @escaping (KernelError?) -> Void) {
        next += 1
        completions[next] = completion
        waiting.append((next, work))
        startNext()
    }

    /// Finds something out on another thread, then calls `completion` here with it, or with `nil` when no thread could be had.
    func start<Found: Sendable>(
        finding work: @escaping @Sendable () -> Found, then completion: @escaping (Found?) -> Void
    ) {
        let result = Result<Found>()
        start(
            {
                let found = work()
                result.found.withLock { $0 = found }
                return nil
            }, then: { _ in completion(result.found.withLock { $0 }) })
    }

    private final class Result<Found: Sendable>: Sendable {
        let found = Mutex<Found?>(nil)
    }

    /// Calls the completions of what is finished.
    func deliver() {
        while let bytes = try? Descriptor.read(descriptor, atMost: 64, of: "finished chores"), !bytes.isEmpty {}
        let finished = outbox.finished.withLock { finished in
            defer { finished = [] }
            return finished
        }
        for one in finished {
            running -= 1
            completions.removeValue(forKey: one.number)?(one.failure)
        }
        startNext()
    }

    private func startNext() {
        while running < Self.mostAtOnce, !waiting.isEmpty {
            let (number, work) = waiting.removeFirst()
            running += 1
            let outbox = outbox
            do {
                try WorkThread.start { Self.finish(number, work(), outbox) }
            } catch { Self.finish(number, error, outbox) }
        }
    }

    private static func finish(_ number: Int, _ failure: KernelError?, _ outbox: Outbox) {
        outbox.finished.withLock { $0.append(Finished(number: number, failure: failure)) }
        // a full pipe wakes the warden as well
        _ = withUnsafeBytes(of: UInt8(0)) { write(outbox.wake, $0.baseAddress, 1) }
    }
}
