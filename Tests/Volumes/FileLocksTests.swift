import Resources
import Testing

@testable import Volumes

@Suite("Locks on files")
struct FileLocksTests {
    private let file = InodeNumber(rawValue: 5)

    private func lock(_ holder: UInt64, _ range: ClosedRange<UInt64>, exclusive isExclusive: Bool = true) -> RangeLock {
        RangeLock(holder: LockHolder(session: session(holder % 3), owner: holder), range: range, isExclusive: isExclusive)
    }

    private func key(_ number: UInt64) -> RequestKey { RequestKey(session: session(1), number: number) }

    @Test("byte by byte, each lock is as if every byte had its own", arguments: 0..<50 as Range<UInt64>)
    func alike(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var locks = FileLocks()
        // Who has each byte, and whether exclusively.
        var plain = [[UInt64: Bool]](repeating: [:], count: 20)
        for _ in 0..<200 {
            let start = UInt64.random(in: 0..<20, using: &random)
            let range = start...UInt64.random(in: start..<20, using: &random)
            let wanted = lock(.random(in: 1...4, using: &random), range, exclusive: Bool.random(using: &random))
            let owner = wanted.holder.owner
            if Bool.random(using: &random) {
                _ = locks.unlock(range, of: wanted.holder, on: file)
                for byte in range { plain[Int(byte)][owner] = nil }
                continue
            }
            let isFree = range.allSatisfy { byte in
                plain[Int(byte)].allSatisfy { $0.key == owner || !($0.value || wanted.isExclusive) }
            }
            #expect((locks.lock(wanted, on: file, waiting: nil) == .taken) == isFree)
            if isFree { for byte in range { plain[Int(byte)][owner] = wanted.isExclusive } }
        }
        for byte in UInt64(0)..<20 {
            let stranger = lock(9, byte...byte)
            #expect((locks.conflict(with: stranger, on: file) == nil) == plain[Int(byte)].isEmpty)
        }
    }

    @Test("what touches and is alike becomes one, up to the end of the file")
    func joining() {
        var locks = FileLocks()
        for range in [0...9, 20...UInt64.max, 10...19] { #expect(locks.lock(lock(1, range), on: file, waiting: nil) == .taken) }
        #expect(locks.locks(of: session(1)).map(\.lock.range) == [0...UInt64.max])
        #expect(locks.lock(lock(1, 5...5, exclusive: false), on: file, waiting: nil) == .taken)
        #expect(locks.locks(of: session(1)).map(\.lock.range) == [0...4, 5...5, 6...UInt64.max])
    }

    @Test("who waits is served in order, when nothing is in the way any more")
    func waiting() {
        var locks = FileLocks()
        _ = locks.lock(lock(1, 0...9), on: file, waiting: nil)
        #expect(locks.lock(lock(2, 0...4), on: file, waiting: key(1)) == .waits)
        #expect(locks.lock(lock(4, 0...4), on: file, waiting: key(2)) == .waits)
        #expect(locks.lock(lock(5, 20...30), on: file, waiting: key(3)) == .taken)
        #expect(locks.unlock(5...9, of: lock(1, 0...0).holder, on: file) == [])
        #expect(locks.unlock(0...4, of: lock(1, 0...0).holder, on: file).map(\.key) == [key(1)])
        #expect(locks.giveUp(key(2)) && !locks.giveUp(key(1)))
    }

    @Test("a wait that would never end is refused, also over several files and holders")
    func deadlock() {
        var locks = FileLocks()
        let files = (1...3).map { InodeNumber(rawValue: $0) }
        for (place, file) in files.enumerated() { _ = locks.lock(lock(UInt64(place + 1), 0...0), on: file, waiting: nil) }
        #expect(locks.lock(lock(1, 0...0), on: files[1], waiting: key(1)) == .waits)
        #expect(locks.lock(lock(2, 0...0), on: files[2], waiting: key(2)) == .waits)
        #expect(locks.lock(lock(3, 0...0), on: files[0], waiting: key(3)) == .deadlock)
        #expect(locks.lock(lock(3, 0...0), on: files[0], waiting: nil) == .refused(lock(1, 0...0)))
    }

    @Test("when a session ends, all that it has is free")
    func ending() {
        var locks = FileLocks()
        _ = locks.lock(lock(1, 0...9), on: file, waiting: nil)
        _ = locks.lock(lock(4, 20...29), on: file, waiting: nil)
        #expect(locks.lock(lock(2, 0...29), on: file, waiting: key(1)) == .waits)
        #expect(locks.remove(session(1)).map(\.key) == [key(1)])
        #expect(locks.locks(of: session(1)).isEmpty)
    }
}
