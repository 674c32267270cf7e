import Glibc

/// An empty directory, which is the working directory of a thread that acts as one account; paths are relative to it.
///
/// Each call throws ``Fault`` when it fails.
struct Scene {
    let account: Account
    /// Absolute.
    let directory: String
    /// The same directory, mounted so that nothing can be written.
    let readOnly: String?

    // MARK: Who acts

    /// Acts as another account, and then as before.
    @discardableResult
    func by<Value>(_ other: Account, _ body: () throws -> Value) throws -> Value {
        let result = Result { () throws -> Value in
            try other.enter()
            return try body()
        }
        try account.enter()
        return try result.get()
    }

    @discardableResult
    func byRoot<Value>(_ body: () throws -> Value) throws -> Value { try by(.root, body) }

    // MARK: What is seen

    func check(_ isSo: Bool, _ what: @autoclosure () -> String) throws(Unmet) {
        if !isSo { throw Unmet("it is not so that " + what()) }
    }

    func equal<Value: Equatable>(_ found: Value, _ wanted: Value, _ what: @autoclosure () -> String = "found") throws(Unmet) {
        if found != wanted { throw Unmet("\(what()): \(found) and not \(wanted)") }
    }

    /// The call has to fail with this number.
    func refused(_ number: Int32, _ call: () throws -> Void) throws {
        try refused([number], call)
    }

    func refused(_ numbers: Set<Int32>, _ call: () throws -> Void) throws {
        do {
            try call()
        } catch let fault as Fault {
            guard !numbers.contains(fault.number) else { return }
            throw Unmet("\(fault), and not \(Fault.names(of: numbers))")
        }
        throw Unmet("it succeeds, where it should say \(Fault.names(of: numbers))")
    }

    /// The path of something here on the mount on which nothing can be written.
    func readOnlyPath(_ path: String) throws(Unmet) -> String {
        guard let readOnly else { throw Unmet("there is no read-only mount") }
        return readOnly + "/" + path
    }

    func exists(_ path: String) throws -> Bool {
        do {
            _ = try status(path)
            return true
        } catch let fault where fault.number == ENOENT {
            return false
        }
    }

    // MARK: Times

    /// Returns when the clock of files shows another time than a moment ago: it may be as coarse as a tick of the kernel.
    func later() throws {
        let start = try now()
        while try now() <= start { usleep(1000) }
    }

    /// A time by the clock that files get their times of.
    private func now() throws -> FileMoment {
        let path = directory + "/../clock"
        return try byRoot { () throws in
            let file = try open(path, O_CREAT | O_WRONLY, 0o666)
            try file.write("x")
            try utimens(path, nil)
            return try file.status.modified
        }
    }

    /// What the times of a file do during a call.
    func times(of path: String, during body: () throws -> Void) throws -> TimeChange {
        let before = try status(path)
        try later()
        try body()
        let after = try status(path)
        return TimeChange(before, after)
    }

    func expect(_ change: TimeChange.Kind, of path: String, during body: () throws -> Void) throws {
        try equal(try times(of: path, during: body).kind, change, "what changed of \(path)")
    }
}

/// A time of a file; ordered.
struct FileMoment: Comparable, CustomStringConvertible {
    let seconds: Int
    let nanoseconds: Int

    init(_ time: timespec) { (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec) }

    static func < (a: Self, b: Self) -> Bool { (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds) }

    var description: String { "\(seconds) s and \(nanoseconds) ns" }
}

/// Which times of a file have become later.
struct TimeChange {
    struct Kind: OptionSet, CustomStringConvertible {
        let rawValue: Int

        static let modified = Kind(rawValue: 1)
        static let changed = Kind(rawValue: 2)
        static let both: Kind = [.modified, .changed]
        static let nothing: Kind = []

        var description: String {
            let names = (contains(.modified) ? ["mtime"] : []) + (contains(.changed) ? ["ctime"] : [])
            return names.isEmpty ? "nothing" : names.joined(separator: " and ")
        }
    }

    let kind: Kind

    init(_ before: stat, _ after: stat) {
        var kind = Kind.nothing
        if after.modified != before.modified { kind.insert(.modified) }
        if after.changed != before.changed { kind.insert(.changed) }
        self.kind = kind
    }
}

extension stat {
    var modified: FileMoment { FileMoment(st_mtim) }
    var changed: FileMoment { FileMoment(st_ctim) }
    var accessed: FileMoment { FileMoment(st_atim) }
    /// The lower 12 bits of the mode.
    var permissions: mode_t { st_mode & 0o7777 }
    var kind: Kind? { Kind(mode: st_mode) }
}
