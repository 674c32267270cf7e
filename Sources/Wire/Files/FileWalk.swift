internal import Crypto
internal import FoundationEssentials
internal import Glibc

/// The state of a ``FileSender``. All calls block.
struct FileWalk {
    private struct OpenFile {
        var name: RelativePath
        var descriptor: Descriptor
        var remaining: Int64
        var hash = SHA256()
    }

    /// A directory whose entries are being sent: the names still to come, the last first.
    private struct Level {
        var name: RelativePath
        var descriptor: Descriptor
        var names: [[UInt8]]
    }

    private var sources: [FileSource]
    private let limits: FileLimits
    private var levels: [Level] = []
    private var current: OpenFile?
    private(set) var totals = FileTotals()

    init(_ sources: [FileSource], limits: FileLimits) {
        self.sources = sources.reversed()
        self.limits = limits
    }

    mutating func next() throws(FileTransferError) -> Surplus_V1_FilePart? {
        if current != nil { return try read() }
        while true {
            if var level = levels.popLast() {
                guard let bytes = level.names.popLast() else { continue }
                levels.append(level)
                if let part = try begin(child: bytes, of: level) { return part }
            } else if let source = sources.popLast() {
                if let part = try begin(source) { return part }
            } else {
                return nil
            }
        }
    }

    private mutating func begin(child bytes: [UInt8], of level: Level) throws(FileTransferError) -> Surplus_V1_FilePart? {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw FileTransferError(
                .refused, "failed to send '\(level.name)/\(String(decoding: bytes, as: UTF8.self))': its name is not UTF-8")
        }
        let name: RelativePath
        do { name = try level.name.appending(text) } catch { throw FileTransferError(.refused, error.description) }
        // An entry that vanished since its directory was listed was deleted: nothing to send.
        return try begin(text, in: level.descriptor, as: name)
    }

    private mutating func begin(_ source: FileSource) throws(FileTransferError) -> Surplus_V1_FilePart? {
        let top = try attempt("open", source.root) { () throws(SystemFault) in try Descriptor.directory(source.root) }
        do {
            let parent = try attempt("read", source.path.description) { () throws(SystemFault) in
                guard let directory = source.path.parent else { return top }
                return try top.open(directory.description, O_RDONLY | O_DIRECTORY)
            }
            if let part = try begin(source.path.name, in: parent, as: source.name) { return part }
        } catch {
            guard error.kind == .system(ENOENT) || error.kind == .system(ENOTDIR) else { throw error }
        }
        if totals.skipped.last != source.name.description { totals.missing.append(source.name.description) }
        return nil
    }

    /// Announces one entry; `nil` when it is gone or of a kind that is not sent.
    private mutating func begin(
        _ entry: String, in parent: Descriptor, as name: RelativePath
    ) throws(FileTransferError) -> Surplus_V1_FilePart? {
        let status: stat
        do { status = try parent.status(of: entry) } catch {
            guard error.code == ENOENT else { throw error.describing("read", name.description) }
            return nil
        }
        var announced = Surplus_V1_FileEntry()
        announced.path = name.description
        announced.mode = UInt32(status.st_mode & 0o777)
        switch status.st_mode & S_IFMT {
        case S_IFREG: try open(entry, in: parent, as: name, &announced)
        case S_IFDIR: try enter(entry, in: parent, as: name, &announced)
        case S_IFLNK: try readLink(entry, in: parent, as: name, &announced)
        default:
            totals.skipped.append(name.description)
            return nil
        }
        guard totals.entries < limits.entries else {
            throw FileTransferError(.tooMuch, "failed to send '\(name)': more than \(limits.entries) files and directories")
        }
        totals.entries += 1
        return .with { $0.entry = announced }
    }

    private mutating func open(
        _ entry: String, in parent: Descriptor, as name: RelativePath, _ announced: inout Surplus_V1_FileEntry
    ) throws(FileTransferError) {
        // What it is was asked for above; if a pipe took its place meanwhile, opening it must not wait for a writer.
        let (file, status) = try attempt("read", name.description) { () throws(SystemFault) in
            let file = try parent.open(entry, O_RDONLY | O_NONBLOCK)
            return (file, try file.status())
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw changed(name) }
        guard Int64(status.st_size) <= limits.bytes - totals.bytes else {
            throw FileTransferError(.tooMuch, "failed to send '\(name)': more than \(limits.bytes) bytes in all")
        }
        announced.kind = .file
        announced.sizeBytes = Int64(status.st_size)
        totals.bytes += announced.sizeBytes
        current = OpenFile(name: name, descriptor: file, remaining: announced.sizeBytes)
    }

    private mutating func enter(
        _ entry: String, in parent: Descriptor, as name: RelativePath, _ announced: inout Surplus_V1_FileEntry
    ) throws(FileTransferError) {
        let (directory, names) = try attempt("read", name.description) { () throws(SystemFault) in
            let directory = try parent.open(entry, O_RDONLY | O_DIRECTORY)
            return (directory, try directory.names(atMost: limits.entries))
        }
        guard let names else {
            throw FileTransferError(.tooMuch, "failed to send '\(name)': more than \(limits.entries) files in it")
        }
        announced.kind = .directory
        levels.append(Level(name: name, descriptor: directory, names: names.reversed()))
    }

    private func readLink(
        _ entry: String, in parent: Descriptor, as name: RelativePath, _ announced: inout Surplus_V1_FileEntry
    ) throws(FileTransferError) {
        let target = try attempt("read", name.description) { () throws(SystemFault) in try parent.target(ofLink: entry) }
        guard let text = String(validating: target, as: UTF8.self) else {
            throw FileTransferError(.refused, "failed to send '\(name)': the target of the link is not UTF-8")
        }
        announced.kind = .symlink
        announced.linkTarget = text
    }

    /// The next piece of the file being sent, or its checksum.
    private mutating func read() throws(FileTransferError) -> Surplus_V1_FilePart? {
        guard var file = current.take() else { return nil }
        guard file.remaining > 0 else { return .with { $0.sha256 = Data(file.hash.finalize()) } }
        let wanted = Int(min(file.remaining, Int64(FileLimits.chunk)))
        var data = Data(count: wanted)
        let result = data.withUnsafeMutableBytes { buffer in
            Result { () throws(SystemFault) in try file.descriptor.read(into: buffer) }
        }
        let count = try attempt("read", file.name.description) { () throws(SystemFault) in try result.get() }
        guard count == wanted else { throw changed(file.name) }
        file.hash.update(data: data)
        file.remaining -= Int64(count)
        current = file
        return .with { $0.data = data }
    }

    private func changed(_ name: RelativePath) -> FileTransferError {
        FileTransferError(.refused, "failed to send '\(name)': it changed while it was read")
    }

    private func attempt<T>(
        _ action: String, _ path: String, _ body: () throws(SystemFault) -> T
    ) throws(FileTransferError) -> T {
        do { return try body() } catch { throw error.describing(action, path) }
    }
}
