import Foundation
import Resources
import Synchronization

/// A client that goes on while nodes come and go: one thread that writes a page and makes it durable, and one that reads pages at
/// random places, each again and again. What counts is the longest time in which one of them got nothing done.
final class StallWatch: Sendable {
    /// How far a thread is.
    private struct Progress {
        var last = ContinuousClock.now
        var longest = Duration.zero
        var faults = 0

        /// The longest gap, that which goes on included.
        func gap(at now: ContinuousClock.Instant) -> Duration { max(longest, now - last) }
    }

    private static let pause = 0.005
    private static let written = 1024
    private let states = Mutex<[Progress]>([Progress(), Progress()])
    private let isOver = Mutex(false)
    private let ended = DispatchGroup()

    /// Starts both threads.
    ///
    /// - Parameters:
    ///   - path: A file of `mebibytes` to read; beside it one is made to write to.
    init(reading path: String, mebibytes: Int) {
        let pages = mebibytes * PlainFile.chunk / PlainFile.page
        start(0) {
            let bytes = RandomBytes(seed: 7)
            let file = try PlainFile(path + ".stall", O_WRONLY | O_CREAT)
            return { count in
                try file.write(bytes.next(PlainFile.page), at: count % Self.written * PlainFile.page)
                try file.sync()
            }
        }
        start(1) {
            var random = SeededGenerator(seed: 8)
            let file = try PlainFile(path, O_RDONLY)
            return { _ in
                try withUnsafeTemporaryAllocation(byteCount: PlainFile.page, alignment: PlainFile.page) { buffer in
                    try file.read(into: buffer, at: Int.random(in: 0..<pages, using: &random) * PlainFile.page)
                }
                file.forget()
            }
        }
    }

    /// Watches while something happens and for some seconds afterwards; longer while nothing is done.
    ///
    /// - Returns: the longest gap, in seconds.
    func longestGap(for seconds: Double, _ event: () throws -> Void = {}) throws -> Double {
        states.withLock { for index in $0.indices { $0[index].longest = .zero } }
        try event()
        Thread.sleep(forTimeInterval: seconds)
        // a thread that stands still now has not seen the end of it
        let patience = 120.0
        try Wait.until("a client went on after an outage", within: patience) { stillness < .milliseconds(500) }
        let now = ContinuousClock.now
        return states.withLock { $0.map { $0.gap(at: now) }.max()! }.milliseconds / 1000
    }

    /// Ends both threads.
    ///
    /// - Returns: how many calls failed.
    func end() -> Int {
        isOver.withLock { $0 = true }
        ended.wait()
        return states.withLock { $0.map(\.faults).reduce(0, +) }
    }

    /// For how long a thread has got nothing done by now.
    private var stillness: Duration {
        let now = ContinuousClock.now
        return states.withLock { $0.map { now - $0.last }.max()! }
    }

    /// Starts a thread that repeats a call, which `open` makes; after a call that failed it opens anew.
    private func start(_ index: Int, _ open: @Sendable @escaping () throws -> (Int) throws -> Void) {
        ended.enter()
        Thread.detachNewThread { [self] in
            defer { ended.leave() }
            var call: ((Int) throws -> Void)?
            var count = 0
            while !isOver.withLock({ $0 }) {
                do {
                    // What is taken out of an optional and put back is wrapped once more each time, until the stack is full.
                    if call == nil { call = try open() }
                    try call?(count)
                    count += 1
                    let now = ContinuousClock.now
                    states.withLock {
                        $0[index].longest = max($0[index].longest, now - $0[index].last)
                        $0[index].last = now
                    }
                } catch {
                    call = nil
                    states.withLock { $0[index].faults += 1 }
                    Thread.sleep(forTimeInterval: Self.pause)
                }
            }
        }
    }
}
