import Foundation
import Resources
import Synchronization

/// Many small reads, or small writes that are made durable one by one, for a while.
struct SmallWork {
    /// How long, in seconds.
    let seconds: Double

    /// Reads pages of a file of `mebibytes` in random order, none twice, by as many threads as there are jobs.
    ///
    /// - Returns: reads a second, of all jobs.
    func reads(of path: String, mebibytes: Int, jobs: Int) throws -> Double {
        var random = SeededGenerator(seed: 2)
        let order = (0..<mebibytes * PlainFile.chunk / PlainFile.page).shuffled(using: &random)
        return try rate(jobs) { job, isOver in
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PlainFile.page, alignment: PlainFile.page)
            defer { buffer.deallocate() }
            let file = try PlainFile(path, O_RDONLY)
            var count = 0
            for index in stride(from: job, to: order.count, by: jobs) {
                if isOver() { break }
                try file.read(into: buffer, at: order[index] * PlainFile.page)
                count += 1
            }
            return count
        }
    }

    /// Appends to a new file, each page durable before the next.
    ///
    /// - Returns: writes a second.
    func appends(to path: String, _ bytes: RandomBytes) throws -> Double {
        try writes(O_CREAT | O_EXCL, path, bytes) { $0 }
    }

    /// Overwrites pages at random places of a file of `mebibytes`, each durable before the next.
    ///
    /// - Returns: writes a second.
    func overwrites(of path: String, mebibytes: Int, _ bytes: RandomBytes) throws -> Double {
        let pages = mebibytes * PlainFile.chunk / PlainFile.page
        var random = SeededGenerator(seed: 3)
        return try writes(0, path, bytes) { _ in Int.random(in: 0..<pages, using: &random) }
    }

    private func writes(_ flags: Int32, _ path: String, _ bytes: RandomBytes, page: (Int) -> Int) throws -> Double {
        let file = try PlainFile(path, O_WRONLY | flags)
        let began = ContinuousClock.now
        let end = began + .seconds(seconds)
        var count = 0
        while ContinuousClock.now < end {
            try file.write(bytes.next(PlainFile.page), at: page(count) * PlainFile.page)
            try file.sync()
            count += 1
        }
        return Double(count) / (ContinuousClock.now - began).milliseconds * 1000
    }

    /// Has each job count what it does until the time is over.
    private func rate(_ jobs: Int, _ work: @Sendable @escaping (Int, () -> Bool) throws -> Int) throws -> Double {
        let counts = Mutex<[Result<Int, any Error>]>([])
        let began = ContinuousClock.now
        let end = began + .seconds(seconds)
        let group = DispatchGroup()
        for job in 0..<jobs {
            group.enter()
            Thread.detachNewThread {
                let count = Result { try work(job) { ContinuousClock.now >= end } }
                counts.withLock { $0.append(count) }
                group.leave()
            }
        }
        group.wait()
        let took = (ContinuousClock.now - began).milliseconds / 1000
        return Double(try counts.withLock { $0 }.map { try $0.get() }.reduce(0, +)) / took
    }
}
