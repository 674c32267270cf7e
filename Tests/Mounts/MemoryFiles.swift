import Dispatch
import Foundation
import Mounts
import Resources
import Synchronization
import Volumes

/// A file system in memory, whole but slow where speed does not matter: everything happens under one lock.
final class MemoryFiles: FileSystem {
    struct State {
        var nodes: [InodeNumber: Node] = [:]
        var lastNumber = InodeNumber.root.rawValue
        var handles: [OpenHandle: Handle] = [:]
        var lastHandle: UInt64 = 0
        /// How often each method was called.
        var calls: [String: Int] = [:]
        /// Methods that fail.
        var faults: [String: PosixError] = [:]
        var lastCaller: Caller?
        /// Who made the last inode.
        var lastMaker: Caller?
        /// Of the last caller that opened a file.
        var lastGroups: [UInt32] = []
        var lastFlags: OpenFlags?
        var lastWrite: WriteManner?
        /// What happens before each write, without the lock.
        var atWrite: (@Sendable () -> Void)?
        var lastChange: AttributeChange?
        /// For how long the kernel may keep names and attributes.
        var validity: Microseconds = .zero
        /// The kernel keeps content from one opening to the next.
        var keepsCache = false
        var isDirect = false
    }

    struct Handle {
        var number: InodeNumber
        var flags: OpenFlags
        /// Of a directory: what was in it when the listing began.
        var listing: [(cookie: UInt64, name: FileName)] = []
    }

    let state: Mutex<State>
    /// Signalled for each call that begins to wait for a lock.
    let waiting = DispatchSemaphore(value: 0)

    init() {
        var state = State()
        state.nodes[.root] = Node(
            Inode(number: .root, kind: .directory, permissions: 0o755, owner: 0, group: 0, links: 2, at: .now, parent: .root))
        state.nodes[.root]?.lookups = 1
        self.state = Mutex(state)
    }

    // MARK: For tests

    func count(_ method: String) -> Int { state.withLock { $0.calls[method] ?? 0 } }

    /// Changes something behind the kernel's back.
    func change<R: Sendable>(_ body: (inout State) -> R) -> R { state.withLock { body(&$0) } }

    /// Runs a body for a call, with what it changes.
    func call<R: Sendable>(
        _ method: String = #function, by caller: Caller? = nil, _ body: (inout State) throws(PosixError) -> R
    ) throws(PosixError) -> R {
        let name = String(method.prefix { $0 != "(" })
        let result = state.withLock { state -> Result<R, PosixError> in
            state.calls[name, default: 0] += 1
            if let caller { state.lastCaller = caller }
            if let fault = state.faults[name] { return .failure(fault) }
            do throws(PosixError) { return .success(try body(&state)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// A file, a directory, or what else has an inode.
final class Node {
    var inode: Inode
    var content = Content()
    var target: [UInt8] = []
    /// Of a directory: where names lead, and places in a listing.
    var entries: [FileName: (number: InodeNumber, cookie: UInt64)] = [:]
    var lastCookie: UInt64 = 0
    var extended: [[UInt8]: [UInt8]] = [:]
    var lookups: UInt64 = 0
    var opened = 0
    var locks = LockTable()

    init(_ inode: Inode) { self.inode = inode }

    func touchContent() {
        (inode.modified, inode.changed) = (.now, .now)
        inode.version += 1
        (inode.size, inode.allocated) = (content.size, content.allocated)
        extended[Array("security.capability".utf8)] = nil
    }

    /// As Linux clears them: the group's bit only where the group may execute.
    func clearSetID() {
        inode.permissions &= inode.permissions & 0o010 != 0 ? ~0o6000 : ~0o4000
    }
}

/// Bytes with holes.
struct Content {
    static let step: UInt64 = 64 << 10

    private(set) var size: UInt64 = 0
    private var pieces: [UInt64: Piece] = [:]

    final class Piece {
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: Int(Content.step), alignment: 4096)
        init() { _ = bytes.initializeMemory(as: UInt8.self, repeating: 0) }
        deinit { bytes.deallocate() }
    }

    var allocated: UInt64 { UInt64(pieces.count) * Self.step }

    /// Calls a body for each stretch of a range that lies in one piece: the piece's number, the part of it, and where in the range.
    private static func stretches(_ range: Range<UInt64>, _ body: (UInt64, Range<Int>, Int) -> Void) {
        var place = range.lowerBound
        while place < range.upperBound {
            let (index, start) = (place / step, Int(place % step))
            let count = Int(min(range.upperBound - place, step - UInt64(start)))
            body(index, start..<start + count, Int(place - range.lowerBound))
            place += UInt64(count)
        }
    }

    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard offset < size else { return 0 }
        let count = Int(min(UInt64(buffer.count), size - offset))
        Self.stretches(offset..<offset + UInt64(count)) { index, part, place in
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[place..<place + part.count])
            if let piece = pieces[index] {
                target.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece.bytes[part]))
            } else {
                _ = target.initializeMemory(as: UInt8.self, repeating: 0)
            }
        }
        return count
    }

    mutating func write(at offset: UInt64, _ bytes: UnsafeRawBufferPointer) {
        let end = offset + UInt64(bytes.count)
        fill(offset..<end)
        Self.stretches(offset..<end) { index, part, place in
            guard let piece = pieces[index] else { return }
            UnsafeMutableRawBufferPointer(rebasing: piece.bytes[part])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[place..<place + part.count]))
        }
        size = max(size, end)
    }

    /// Makes pieces for a range.
    mutating func fill(_ range: Range<UInt64>) {
        guard !range.isEmpty else { return }
        for index in range.lowerBound / Self.step...(range.upperBound - 1) / Self.step where pieces[index] == nil {
            pieces[index] = Piece()
        }
    }

    /// Makes a range zero; where whole pieces go, a hole.
    mutating func clear(_ range: Range<UInt64>) {
        var whole: [UInt64] = []
        Self.stretches(range) { index, part, _ in
            guard part.count < Int(Self.step) else { return whole.append(index) }
            guard let piece = pieces[index] else { return }
            _ = UnsafeMutableRawBufferPointer(rebasing: piece.bytes[part]).initializeMemory(as: UInt8.self, repeating: 0)
        }
        for index in whole { pieces[index] = nil }
    }

    mutating func resize(to newSize: UInt64) {
        if newSize < size {
            let end = (size + Self.step - 1) / Self.step * Self.step
            clear(newSize..<end)
        }
        size = newSize
    }

    /// The first offset from a place on that is in a piece, or in none.
    func seek(from offset: UInt64, isFilled: Bool) -> UInt64? {
        var place = offset
        while place < size {
            if (pieces[place / Self.step] != nil) == isFilled { return place }
            place = (place / Self.step + 1) * Self.step
        }
        return isFilled ? nil : size
    }
}

extension Caller {
    static let nobody = Caller(user: 65_534, group: 65_534, process: 1, umask: 0)
}

extension FileTime {
    static var now: FileTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return FileTime(rawValue: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
