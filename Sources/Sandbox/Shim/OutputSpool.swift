import Glibc
import Kernel
import Resources

/// Moves what a program writes to one of its outputs from the pipe into the output's file.
struct OutputSpool {
    /// Where the output comes from; negative before the program is there and after the output's end.
    private(set) var pipe: Int32 = -1
    /// How much is in the file.
    private(set) var size: Bytes = .zero
    /// Why the program has to be stopped: it wrote too much, or the file cannot be written.
    private(set) var fault: String?

    private let file: Int32
    private let name: String
    private let limit: Bytes
    private var held: Held

    /// Bubblewrap writes its own complaints to the program's standard error. They belong into the exit record, not into the
    /// program's output, so an output that begins as they do waits until it is clear whose it is.
    private enum Held {
        case never
        case undecided
        case complaint([UInt8])
    }

    private static let portion = 64 << 10
    private static let longestComplaint = 4096
    private static let complaintStart = Array("bwrap: ".utf8)

    /// Makes the file, which must not be there: a job runs once. It belongs to `owner`, and nobody else can read it.
    init(_ path: String, _ name: String, _ limit: Bytes, owner: ProcessOwner, holdsComplaints: Bool) throws(KernelError) {
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw KernelError("create \(path)", errno) }
        try owner.take(file, called: path)
        self.name = name
        self.limit = limit
        held = holdsComplaints ? .undecided : .never
    }

    /// - Parameter pipe: The reading end, non-blocking.
    mutating func attach(to pipe: Int32) { self.pipe = pipe }

    /// Takes one portion of what is in the pipe. Once there is a fault, what comes is thrown away.
    ///
    /// - Returns: Whether there may be more now.
    @discardableResult
    mutating func take() -> Bool {
        guard pipe >= 0, let bytes = try? Descriptor.read(pipe, atMost: Self.portion, of: name) else { return false }
        guard !bytes.isEmpty else {
            close(pipe)
            pipe = -1
            return false
        }
        switch held {
        case .never: append(bytes)
        case .undecided:
            held = bytes.starts(with: Self.complaintStart) ? .complaint(bytes) : .never
            if case .never = held { append(bytes) }
        case .complaint(let earlier):
            held = .complaint(earlier + bytes)
        }
        if case .complaint(let all) = held, all.count > Self.longestComplaint { release() }
        return true
    }

    /// What is held back, without the line's start and end; empty when nothing is.
    var complaint: String {
        guard case .complaint(let bytes) = held else { return "" }
        let text = String(decoding: bytes, as: UTF8.self)
        return String(text.prefix { $0 != "\n" })
    }

    /// What was held back is the program's own.
    mutating func release() {
        guard case .complaint(let bytes) = held else { return }
        held = .never
        append(bytes)
    }

    /// Makes the file durable.
    mutating func sync() {
        if size > .zero, fdatasync(file) != 0, fault == nil { fault = "failed to sync \(name): \(KernelError.text(of: errno))" }
    }

    private mutating func append(_ bytes: [UInt8]) {
        guard fault == nil else { return }
        let room = Int(limit.rawValue - size.rawValue)
        var rest = bytes.prefix(room)
        do throws(KernelError) {
            while !rest.isEmpty {
                let written = try Descriptor.write(rest, to: file, of: name)
                size = size + Bytes(Int64(written))
                rest = rest.dropFirst(written)
            }
            if bytes.count > room { fault = "\(name) reached the limit of \(limit.rawValue) bytes" }
        } catch {
            fault = "failed to write \(name): \(KernelError.text(of: error.number))"
        }
    }
}
