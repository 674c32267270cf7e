internal import Crypto
internal import FoundationEssentials
internal import Glibc

/// The state of a ``FileReceiver``. All calls block.
struct FileIntake {
    private struct OpenFile {
        var path: RelativePath
        var parent: Descriptor
        /// Under which it is written: another one than the path's as long as it is to replace something.
        var name: String
        var descriptor: Descriptor
        var mode: mode_t
        var remaining: Int64
        var hash = SHA256()
    }

    private let top: Descriptor
    private let limits: FileLimits
    private let existing: FileReceiver.Existing
    private var totals = FileTotals()
    private var seen: Set<RelativePath> = []
    private var directories: [(path: RelativePath, mode: mode_t)] = []
    private var current: OpenFile?
    private var lastParent: (path: RelativePath, descriptor: Descriptor)?
    private var isOver = false

    init(top: Descriptor, limits: FileLimits, existing: FileReceiver.Existing) {
        self.top = top
        self.limits = limits
        self.existing = existing
    }

    mutating func take(_ part: Surplus_V1_FilePart) throws(FileTransferError) {
        guard !isOver else { throw Self.refusal("files", "nothing more is taken") }
        do throws(FileTransferError) {
            switch part.part {
            case .entry(let entry): try begin(entry)
            case .data(let data): try append(data)
            case .sha256(let digest): try close(announced: digest)
            case nil: throw Self.refusal("files", "a part is empty")
            }
        } catch {
            abandon()
            throw error
        }
    }

    mutating func finish() throws(FileTransferError) -> FileTotals {
        guard !isOver else { throw Self.refusal("files", "nothing more is taken") }
        if let path = current?.path {
            abandon()
            throw Self.refusal("'\(path)'", "it was not sent to its end")
        }
        isOver = true
        // The innermost first, since a directory may lose the right to be entered.
        for (path, mode) in directories.reversed() {
            do throws(SystemFault) {
                let directory = try top.open(path.description, O_RDONLY | O_DIRECTORY)
                try directory.setMode(mode)
                try directory.synchronise()
            } catch { throw error.describing("finish", path.description) }
        }
        do { try top.synchronise() } catch { throw error.describing("finish", ".") }
        return totals
    }

    mutating func abandon() {
        isOver = true
        if let current { try? current.parent.remove(current.name) }
        current = nil
    }

    private static func refusal(_ object: String, _ fault: String) -> FileTransferError {
        FileTransferError(.refused, "failed to receive \(object): \(fault)")
    }
}

// MARK: Entries

extension FileIntake {
    private mutating func begin(_ entry: Surplus_V1_FileEntry) throws(FileTransferError) {
        if let path = current?.path { throw Self.refusal("'\(path)'", "the next entry came before its end") }
        let path: RelativePath
        do { path = try RelativePath(entry.path) } catch { throw FileTransferError(.refused, error.description) }
        guard totals.entries < limits.entries else {
            throw FileTransferError(.tooMuch, "failed to receive '\(path)': more than \(limits.entries) files and directories")
        }
        guard seen.insert(path).inserted else { throw Self.refusal("'\(path)'", "it was sent twice") }
        totals.entries += 1
        let parent = try parent(of: path)
        switch entry.kind {
        case .file: try beginFile(entry, path, parent)
        case .directory: try makeDirectory(path, mode: entry.mode, parent)
        case .symlink: try makeLink(path, to: entry.linkTarget, parent)
        case .unspecified, .UNRECOGNIZED: throw Self.refusal("'\(path)'", "it is neither file, directory nor link")
        }
    }

    private mutating func parent(of path: RelativePath) throws(FileTransferError) -> Descriptor {
        guard let parent = path.parent else { return top }
        if let lastParent, lastParent.path == parent { return lastParent.descriptor }
        do {
            let descriptor = try top.open(parent.description, O_RDONLY | O_DIRECTORY)
            lastParent = (parent, descriptor)
            return descriptor
        } catch {
            guard error.code != ENOENT else { throw Self.refusal("'\(path)'", "the directory it is in was not sent before it") }
            throw error.describing("open", parent.description)
        }
    }

    private mutating func makeDirectory(
        _ path: RelativePath, mode: UInt32, _ parent: Descriptor
    ) throws(FileTransferError) {
        do { try parent.makeDirectory(path.name) } catch {
            let isThere = (try? parent.open(path.name, O_RDONLY | O_DIRECTORY)) != nil
            guard existing == .replace, error.code == EEXIST, isThere else { throw error.describing("create", path.description) }
            return
        }
        // Whoever owns it must be able to delete what is in it.
        directories.append((path, mode & 0o777 | 0o700))
    }

    private func makeLink(_ path: RelativePath, to target: String, _ parent: Descriptor) throws(FileTransferError) {
        do { try path.checkLink(to: target) } catch { throw FileTransferError(.refused, error.description) }
        do throws(SystemFault) {
            let name = temporaryName
            if let name { try? parent.remove(name) }
            try parent.makeLink(name ?? path.name, to: target)
            if let name { try replace(path.name, with: name, in: parent) }
        } catch { throw error.describing("create", path.description) }
    }

    /// Under which name to write something that may replace another; `nil` when nothing is replaced.
    private var temporaryName: String? { existing == .replace ? ".surplus-partial-\(totals.entries)" : nil }

    private func replace(_ name: String, with temporary: String, in parent: Descriptor) throws(SystemFault) {
        do throws(SystemFault) { try parent.rename(temporary, to: name) } catch {
            try? parent.remove(temporary)
            throw error
        }
    }
}

// MARK: Content

extension FileIntake {
    private mutating func beginFile(
        _ entry: Surplus_V1_FileEntry, _ path: RelativePath, _ parent: Descriptor
    ) throws(FileTransferError) {
        let size = entry.sizeBytes
        guard size >= 0 else { throw Self.refusal("'\(path)'", "its size is \(size)") }
        guard size <= limits.bytes - totals.bytes else {
            throw FileTransferError(.tooMuch, "failed to receive '\(path)': more than \(limits.bytes) bytes in all")
        }
        totals.bytes += size
        let name = temporaryName ?? path.name
        do throws(SystemFault) {
            if existing == .replace { try? parent.remove(name) }
            let descriptor = try parent.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            let mode = mode_t(entry.mode & 0o777)
            current = OpenFile(
                path: path, parent: parent, name: name, descriptor: descriptor, mode: mode, remaining: size)
        } catch { throw error.describing("create", path.description) }
    }

    private mutating func append(_ data: Data) throws(FileTransferError) {
        guard var file = current.take() else { throw Self.refusal("files", "data came before any file") }
        defer { current = file }
        guard data.count <= FileLimits.chunk else {
            throw Self.refusal("'\(file.path)'", "a piece of \(data.count) bytes, at most \(FileLimits.chunk) are taken")
        }
        guard Int64(data.count) <= file.remaining else { throw Self.refusal("'\(file.path)'", "it is longer than announced") }
        file.remaining -= Int64(data.count)
        file.hash.update(data: data)
        let written = data.withUnsafeBytes { bytes in Result { () throws(SystemFault) in try file.descriptor.write(bytes) } }
        do { try written.get() } catch { throw error.describing("write", file.path.description) }
    }

    private mutating func close(announced digest: Data) throws(FileTransferError) {
        guard let file = current else { throw Self.refusal("files", "a checksum came before any file") }
        guard file.remaining == 0 else { throw Self.refusal("'\(file.path)'", "\(file.remaining) bytes are missing") }
        guard file.hash.finalize() == digest else { throw Self.refusal("'\(file.path)'", "its checksum is wrong") }
        do throws(SystemFault) {
            try file.descriptor.setMode(file.mode)
            try file.descriptor.synchronise()
            if file.name != file.path.name { try replace(file.path.name, with: file.name, in: file.parent) }
        } catch { throw error.describing("write", file.path.description) }
        current = nil
    }
}
