import Foundation
import Glibc
import Resources
import Synchronization

/// A program that changes files in a directory of its own, remembers what is in them, and takes no error of any call.
final class Program: Sendable {
    /// A call failed, or gave something else than what was written.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private struct State {
        var random: SeededGenerator
        var files: [String: [UInt8]] = [:]
    }

    /// Any part of it is different from all others.
    private static let noise: [UInt8] = {
        var random = SeededGenerator(seed: 7)
        return (0..<1 << 17).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }()

    /// Those that it changes all the time, and those that stay as they are for a while.
    private static let names = (0..<6).map { "f\($0)" }
    private static let lasting = (0..<8).map { "l\($0)" }

    let name: String
    private let state: Mutex<State>
    private let done = Atomic(0)

    init(_ name: String, seed: UInt64) {
        self.name = name
        state = Mutex(State(random: SeededGenerator(seed: seed)))
    }

    /// How many things it has done.
    var steps: Int { done.load(ordering: .relaxed) }

    /// Works on a mount until it is to end, and makes all durable then. Blocks.
    ///
    /// - Throws: ``Failure``.
    func work(on mount: String, until isOver: () -> Bool) throws {
        try state.withLock { state in
            let path = mount + "/" + name
            // Half of them, so that there is something of this round on every lender.
            let isFirst = state.files.isEmpty
            let changing = Self.lasting.shuffled(using: &state.random).prefix(isFirst ? .max : Self.lasting.count / 2)
            for file in changing { try replace(file, in: path, &state) }
            while !isOver() {
                try step(in: path, &state)
                done.add(1, ordering: .relaxed)
            }
            for file in state.files.keys.sorted() { try attempt("fsync \(file)") { try Self.synchronize(path + "/" + file) } }
            try attempt("fsync of the directory") { try Self.synchronize(path) }
        }
    }

    private func step(in path: String, _ state: inout State) throws {
        let (name, other) = (Self.names.random(&state.random), Self.names.random(&state.random))
        let any = (Self.names + Self.lasting).random(&state.random)
        switch Int.random(in: 0..<8, using: &state.random) {
        case 0..<3: try write(name, in: path, &state)
        case 3: try replace(name, in: path, &state)
        case 4, 5: try read(any, in: path, state)
        case 6: try rename(name, to: other, in: path, &state)
        default: try remove(name, in: path, &state)
        }
    }

    private func attempt(_ what: String, _ body: () throws -> Void) throws {
        do { try body() } catch let fault as Fault {
            throw Failure(description: "program \(name), step \(steps), \(what): \(String(cString: strerror(fault.number)))")
        }
    }

    private static func synchronize(_ path: String) throws(Fault) { try OpenFile(path, O_RDONLY).synchronize() }

    // MARK: Calls

    /// Writes a part of a file, most times durably.
    private func write(_ file: String, in path: String, _ state: inout State) throws {
        let bytes = Self.noise.part(&state.random)
        let old = state.files[file] ?? []
        let offset = Int.random(in: 0...min(old.count + 5000, 200_000), using: &state.random)
        let isDurable = Int.random(in: 0..<4, using: &state.random) > 0
        try attempt("write \(file), \(bytes.count) at \(offset)") {
            let open = try OpenFile(path + "/" + file, O_CREAT | O_WRONLY)
            try open.write(bytes, at: offset)
            if isDurable { try open.synchronize() }
        }
        state.files[file] = old.overwritten(with: bytes, at: offset)
    }

    /// Puts a whole file in the place of another.
    private func replace(_ file: String, in path: String, _ state: inout State) throws {
        let bytes = Self.noise.part(&state.random)
        try attempt("replace \(file), \(bytes.count)") {
            let open = try OpenFile(path + "/new", O_CREAT | O_WRONLY | O_TRUNC)
            try open.write(bytes, at: 0)
            try open.synchronize()
            try sys { Glibc.rename(path + "/new", path + "/" + file) }
            try Self.synchronize(path)
        }
        state.files[file] = Array(bytes)
    }

    private func read(_ file: String, in path: String, _ state: State) throws {
        guard let content = state.files[file] else { return }
        try attempt("read \(file)") { try compare(file, in: path, with: content) }
    }

    private func rename(_ file: String, to other: String, in path: String, _ state: inout State) throws {
        guard file != other, let content = state.files.removeValue(forKey: file) else { return }
        try attempt("rename \(file) to \(other)") { try sys { Glibc.rename(path + "/" + file, path + "/" + other) } }
        state.files[other] = content
    }

    private func remove(_ file: String, in path: String, _ state: inout State) throws {
        guard state.files.removeValue(forKey: file) != nil else { return }
        try attempt("unlink \(file)") { try sys { unlink(path + "/" + file) } }
    }

    // MARK: What is there

    /// Looks whether all is on a mount as it was written. Blocks.
    ///
    /// - Throws: ``Failure``.
    func check(on mount: String) throws {
        try state.withLock { state in
            let path = mount + "/" + name
            let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            guard found == state.files.keys.sorted() else {
                throw Failure(description: "program \(name) has \(state.files.keys.sorted()), and there is \(found)")
            }
            for (file, content) in state.files.sorted(by: { $0.key < $1.key }) {
                try attempt("read \(file) again") { try compare(file, in: path, with: content) }
            }
        }
    }

    private func compare(_ file: String, in path: String, with content: [UInt8]) throws {
        let open = try OpenFile(path + "/" + file, O_RDONLY)
        // As far as nothing is to be written it comes from the lenders.
        posix_fadvise(open.descriptor, 0, 0, POSIX_FADV_DONTNEED)
        let found = try open.bytes(content.count + 1)
        guard found == content else {
            let place = zip(found, content).enumerated().first { $1.0 != $1.1 }?.offset
            let difference = place.map { "from byte \($0) on" } ?? "in length, \(found.count)"
            throw Failure(
                description: "program \(name), step \(steps): \(file), \(content.count) bytes, is different \(difference)")
        }
    }
}

extension OpenFile {
    fileprivate func write(_ bytes: ArraySlice<UInt8>, at offset: Int) throws(Fault) {
        var rest = bytes
        while !rest.isEmpty {
            let place = offset + bytes.count - rest.count
            let count = try sys { rest.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(place)) } }
            rest = rest.dropFirst(count)
        }
    }

    /// - Parameter most: that are read.
    fileprivate func bytes(_ most: Int) throws(Fault) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: most)
        var count = 0
        while count < most {
            let more = try sys {
                bytes.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress! + count, most - count, off_t(count)) }
            }
            guard more > 0 else { break }
            count += more
        }
        return Array(bytes.prefix(count))
    }
}

extension [String] {
    fileprivate func random(_ random: inout SeededGenerator) -> String { self[Int.random(in: 0..<count, using: &random)] }
}

extension [UInt8] {
    fileprivate func part(_ random: inout SeededGenerator) -> ArraySlice<UInt8> {
        let length = Int.random(in: 1...120_000, using: &random)
        let start = Int.random(in: 0...count - length, using: &random)
        return self[start..<start + length]
    }

    fileprivate func overwritten(with bytes: ArraySlice<UInt8>, at offset: Int) -> Self {
        let end = offset + bytes.count
        var result = self
        if result.count < end { result += [UInt8](repeating: 0, count: end - result.count) }
        result.replaceSubrange(offset..<end, with: bytes)
        return result
    }
}
