internal import Foundation
internal import Frames
internal import Glibc
internal import NIOCore
internal import Resources
internal import Synchronization
internal import VolumeStore
internal import Volumes

/// Sends a copy of a volume's state to a node. Blocks.
struct CopySending {
    private static let patience = Duration.seconds(60)

    let volume: VolumeID
    /// Where the state is, and a place for the copy.
    let state: String
    let copy: String

    func send(over pool: FramePool) throws -> StateCopy {
        defer { for suffix in ["", "-wal", "-shm"] { unlink(copy + suffix) } }
        let made = try VolumeDatabase.copy(state, to: copy)
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: copy))
        defer { try? file.close() }
        let size = try file.seekToEnd()
        try file.seek(toOffset: 0)
        var offset: UInt64 = 0
        while offset < size, let bytes = try file.read(upToCount: StateCopyPart.longest), !bytes.isEmpty {
            let part = StateCopyPart(of: volume, at: made.position, offset: offset, size: size)
            let message = FrameMessage(code: StateCopyPart.code, head: part.encoded, body: ByteBuffer(bytes: bytes))
            _ = try pool.wait(for: message, within: Self.patience)
            offset += UInt64(bytes.count)
        }
        return made
    }
}

/// Copies of volumes' states that come from their homes, in files of their own until they are whole.
final class CopyInbox: Sendable {
    private struct Incoming {
        let sender: NodeID
        let position: LogPosition
        let size: UInt64
        var received: UInt64 = 0
    }

    private let directory: String
    private let incoming = Mutex<[VolumeID: Incoming]>([:])

    init(_ directory: String) { self.directory = directory }

    func path(of volume: VolumeID) -> String { directory + "/" + volume.description + Self.ending }
    static let ending = ".copy"

    /// Takes the next part; the first of a copy takes the place of what there was before.
    func take(_ part: StateCopyPart, _ bytes: ByteBuffer, from sender: NodeID) throws(FrameRefusal) {
        let result = incoming.withLock { incoming -> Result<Void, FrameRefusal> in
            do throws(FrameRefusal) {
                if part.offset == 0 {
                    unlink(path(of: part.volume))
                    incoming[part.volume] = Incoming(sender: sender, position: part.position, size: part.size)
                }
                guard var copy = incoming[part.volume], copy.sender == sender, copy.position == part.position,
                    copy.size == part.size, copy.received == part.offset,
                    UInt64(bytes.readableBytes) <= copy.size - copy.received
                else { throw FrameRefusal(.malformed, "this part of a copy does not follow on those before it") }
                try write(bytes, at: part.offset, to: path(of: part.volume))
                copy.received += UInt64(bytes.readableBytes)
                incoming[part.volume] = copy
                return .success(())
            } catch { return .failure(error) }
        }
        try result.get()
    }

    private func write(_ bytes: ByteBuffer, at offset: UInt64, to path: String) throws(FrameRefusal) {
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw refusal(path) }
        defer { close(file) }
        let isWritten = bytes.withUnsafeReadableBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = pwrite(file, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
        if !isWritten { throw refusal(path) }
    }

    private func refusal(_ path: String) -> FrameRefusal {
        FrameRefusal(.failed, "failed to write \(path): \(String(cString: strerror(errno)))")
    }

    /// Takes out a copy that is whole, as of a record, from a node; it is removed when the body has ended.
    ///
    /// - Returns: `nil` when there is none.
    func withCopy<Value>(
        of volume: VolumeID, at position: LogPosition, from sender: NodeID, _ body: (String) throws(VolumeStoreError) -> Value
    ) throws(VolumeStoreError) -> Value? {
        let isWhole = incoming.withLock { incoming in
            guard let copy = incoming[volume], copy.sender == sender, copy.position == position, copy.received == copy.size else {
                return false
            }
            incoming[volume] = nil
            return true
        }
        guard isWhole else { return nil }
        defer { for suffix in ["", "-wal", "-shm"] { unlink(path(of: volume) + suffix) } }
        return try body(path(of: volume))
    }

    /// Whether a copy is whole.
    func has(_ volume: VolumeID, at position: LogPosition, from sender: NodeID) -> Bool {
        incoming.withLock { incoming in
            guard let copy = incoming[volume] else { return false }
            return copy.sender == sender && copy.position == position && copy.received == copy.size
        }
    }
}
