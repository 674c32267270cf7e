package import BlockStore
package import Resources
internal import Synchronization

/// A disk in memory that keeps, at a crash, only what was synchronized: of what was not, any part may be there or not, in pieces
/// of 512 bytes, as a seed decides.
package final class ForgetfulDisk: BlockDisk {
    fileprivate struct Content {
        var now: [UInt8] = []
        var durable: [UInt8] = []
    }

    fileprivate struct State {
        var contents: [Int: Content] = [:]
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var next = 0
        /// How many more changes are made before all fails.
        var stepsLeft = Int.max
        var steps = 0
        /// What is done before the next write.
        var interlude: (@Sendable () -> Void)?
        /// What all files may take.
        var room = Int.max

        var free: Int { room - names.values.reduce(0) { $0 + (contents[$1]?.now.count ?? 0) } }
    }

    fileprivate let state = Mutex(State())

    package init() {}

    /// What a machine finds that comes up again.
    package init(after crash: ForgetfulDisk, _ random: inout SeededGenerator) {
        var found = crash.state.withLock { $0 }
        (found.stepsLeft, found.steps, found.room, found.interlude) = (.max, 0, .max, nil)
        for (number, content) in found.contents.sorted(by: { $0.key < $1.key }) {
            let bytes = Self.torn(content, &random)
            found.contents[number] = Content(now: bytes, durable: bytes)
        }
        // Of names, too, some changes may have got there.
        for name in Set(found.names.keys).union(found.durableNames.keys).sorted() {
            if Bool.random(using: &random) { found.durableNames[name] = found.names[name] }
        }
        found.names = found.durableNames
        state.withLock { $0 = found }
    }

    private static func torn(_ content: Content, _ random: inout SeededGenerator) -> [UInt8] {
        var bytes = content.durable
        let size = Bool.random(using: &random) ? content.now.count : min(content.durable.count, content.now.count)
        if bytes.count > size { bytes.removeLast(bytes.count - size) }
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
        for start in stride(from: 0, to: size, by: 512) where Bool.random(using: &random) {
            for place in start..<min(start + 512, size) { bytes[place] = content.now[place] }
        }
        return bytes
    }

    /// Lets only so many more changes be made.
    package func fail(after steps: Int) { state.withLock { $0.stepsLeft = steps } }
    package var steps: Int { state.withLock { $0.steps } }

    /// Does this when the next write is about to be made.
    package func beforeNextWrite(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.interlude = body } }

    /// Has no more room than what is taken now and so many bytes.
    package func fill(leaving free: Int = 0) { state.withLock { $0.room = $0.room - $0.free + free } }
    /// Has room again.
    package func clear() { state.withLock { $0.room = .max } }

    /// Changes a byte of a file, as a failing disk does.
    package func flip(_ name: String, at place: Int) {
        state.withLock { state in
            guard let number = state.names[name] else { return }
            state.contents[number]?.now[place] ^= 0x40
            if place < state.contents[number]?.durable.count ?? 0 { state.contents[number]?.durable[place] ^= 0x40 }
        }
    }

    package func size(of name: String) -> Int {
        state.withLock { state in state.names[name].flatMap { state.contents[$0]?.now.count } ?? 0 }
    }

    // MARK: BlockDisk

    package func names() throws(BlockStoreError) -> [String] { state.withLock { Array($0.names.keys) } }

    package func open(_ name: String, isNew: Bool) throws(BlockStoreError) -> any BlockFile {
        if isNew {
            guard state.withLock({ $0.free >= 512 }) else { throw .full(needed: .zero, free: .zero) }
            try change(name) { state in
                state.names[name] = state.next
                state.contents[state.next] = Content()
                state.next += 1
            }
        }
        guard let number = state.withLock({ $0.names[name] }) else { throw .disk(file: name, "No such file or directory") }
        return File(name: name, number: number, disk: self)
    }

    package func rename(_ name: String, to other: String) throws(BlockStoreError) {
        try change(name) { $0.names[other] = $0.names.removeValue(forKey: name) }
    }

    package func remove(_ name: String) throws(BlockStoreError) { try change(name) { $0.names[name] = nil } }

    package func synchronizeNames() throws(BlockStoreError) { try change("(names)") { $0.durableNames = $0.names } }

    fileprivate func change(_ name: String, _ body: (inout sending State) -> Void) throws(BlockStoreError) {
        let isDone = state.withLock { state in
            guard state.stepsLeft > 0 else { return false }
            state.stepsLeft -= 1
            state.steps += 1
            body(&state)
            return true
        }
        guard isDone else { throw .disk(file: name, "Input/output error") }
    }

    private struct File: BlockFile {
        let name: String
        let number: Int
        let disk: ForgetfulDisk

        func size() throws(BlockStoreError) -> Int64 { disk.state.withLock { Int64($0.contents[number]?.now.count ?? 0) } }

        func read(into buffer: UnsafeMutableRawBufferPointer, at place: Int64) throws(BlockStoreError) -> Int {
            let bytes = disk.state.withLock { state in
                state.contents[number]?.now.dropFirst(Int(place)).prefix(buffer.count).map { $0 } ?? []
            }
            buffer.copyBytes(from: bytes)
            return bytes.count
        }

        func write(_ parts: [UnsafeRawBufferPointer], at place: Int64) throws(BlockStoreError) {
            let interlude = disk.state.withLock { state in
                defer { state.interlude = nil }
                return state.interlude
            }
            interlude?()
            let bytes = parts.flatMap { Array($0) }
            var missing = 0
            try disk.change(name) { state in
                var now = state.contents[number]?.now ?? []
                missing = min(max(0, Int(place) + bytes.count - now.count - max(0, state.free)), bytes.count)
                // What has no room may be there in part.
                let end = Int(place) + bytes.count - missing
                if now.count < end { now += [UInt8](repeating: 0, count: end - now.count) }
                now.replaceSubrange(Int(place)..<end, with: bytes.dropLast(missing))
                state.contents[number]?.now = now
            }
            if missing > 0 { throw .full(needed: Bytes(Int64(missing)), free: .zero) }
        }

        func reserve(_ size: Int64) throws(BlockStoreError) {
            var isFull = false
            try disk.change(name) { state in
                let missing = Int(size) - (state.contents[number]?.now.count ?? 0)
                isFull = missing > max(0, state.free)
                if !isFull, missing > 0 { state.contents[number]?.now += [UInt8](repeating: 0, count: missing) }
            }
            if isFull { throw .full(needed: Bytes(size), free: .zero) }
        }

        func truncate(to size: Int64) throws(BlockStoreError) {
            try disk.change(name) { state in
                let now = state.contents[number]?.now ?? []
                state.contents[number]?.now = Array(now.prefix(Int(size)))
            }
        }

        func synchronize() throws(BlockStoreError) {
            try disk.change(name) { state in
                guard let now = state.contents[number]?.now else { return }
                state.contents[number]?.durable = now
            }
        }
    }
}
