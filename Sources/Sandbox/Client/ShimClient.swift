import Glibc
import Kernel
import Resources
import Synchronization

/// A job's shim cannot be reached, and there is no record of the program's end either.
package struct ShimUnreachable: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// Follows one job through its shim, or through the files that the shim has left. Any number of clients may follow the same job.
///
/// Outputs are read from the files (see ``JobFiles/read(_:at:atMost:)``); events say how far they have grown.
package final class ShimClient: Sendable {
    package let files: JobFiles
    /// What happens, for one consumer; ends after ``ShimEvent/exited(_:)``, or without it when the shim is lost or
    /// ``detach()`` was called. An event supersedes earlier ones of its kind, so a slow consumer may see the newest only.
    package let events: AsyncStream<ShimEvent>
    private let continuation: AsyncStream<ShimEvent>.Continuation
    private let channel = Mutex<FrameChannel?>(nil)
    private let hasEnded = Mutex(false)
    private let window = InputWindow()
    private let newest = Mutex((accepted: ShimEvent?.none, output: ShimEvent?.none))

    /// Attaches to the job in `directory`. If its program has ended already, the stream tells that at once.
    ///
    /// - Throws: ``ShimUnreachable``, or ``KernelError``.
    package init(attachingTo directory: String) throws {
        files = JobFiles(directory: directory)
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(64))
        do {
            let descriptor = try UnixSocket.connect(to: files.socket)
            let channel = FrameChannel(
                descriptor: descriptor, limit: ShimProtocol.largestFrame,
                onFrame: { [weak self] in self?.take($0) ?? false },
                onClose: { [weak self] in self?.conclude() })
            self.channel.withLock { $0 = channel }
            try FrameLoop.shared.add(channel)
        } catch let error {
            guard let record = try files.exitRecord() else {
                throw ShimUnreachable("the job in \(directory) has no shim and no record of its end: \(error)")
            }
            conclude(with: record)
        }
    }

    deinit { detach() }

    /// Sends input from a position on; returns once all of it is under way, waiting while the shim has no room because the
    /// program does not read. ``ShimEvent/accepted(_:limit:)`` says what the shim has; what it had not when the connection broke
    /// is to be sent again.
    ///
    /// - Throws: ``ShimUnreachable``, or `CancellationError`.
    package func write(_ input: [UInt8], at position: Int64) async throws {
        var rest = input[...]
        while !rest.isEmpty {
            let start = position + Int64(rest.startIndex)
            let room = try await window.room(at: start)
            let chunk = rest.prefix(Int(min(room, Int64(ShimProtocol.largestChunk))))
            try await send(.input(at: start, Array(chunk)))
            rest = rest[chunk.endIndex...]
        }
    }

    /// Says that no input follows `position`.
    package func endInput(at position: Int64) async throws { try await send(.inputEnd(at: position)) }

    /// Sends a signal to the program and all of its process group.
    package func signal(_ number: Int32) async throws { try await send(.signal(number)) }

    /// Kills the program and everything it started; `reason` goes into its exit record.
    package func stop(reason: String) async throws { try await send(.stop(reason: reason)) }

    /// Stops following; the job goes on.
    package func detach() { channel.withLock { $0 }?.close() }

    private func send(_ request: ShimRequest) async throws {
        // once the program has ended nobody will read it
        guard !hasEnded.withLock({ $0 }), let channel = channel.withLock({ $0 }) else { return }
        do {
            try await channel.send(request.bytes)
        } catch {
            guard !hasEnded.withLock({ $0 }) else { return }
            throw ShimUnreachable("the connection to the shim in \(files.directory) is closed")
        }
    }

    /// On the loop's thread.
    private func take(_ frame: [UInt8]) -> Bool {
        guard let event = try? ShimEvent(bytes: frame) else { return false }
        switch event {
        case .exited(let record):
            conclude(with: record)
            return false
        case .accepted(_, let limit):
            newest.withLock { $0.accepted = event }
            window.widen(to: limit)
        case .output:
            newest.withLock { $0.output = event }
        }
        announce(event)
        return true
    }

    /// Keeps the newest event of each kind in the stream, however slow its consumer is.
    private func announce(_ event: ShimEvent) {
        guard case .dropped(let old) = continuation.yield(event) else { return }
        let newest = newest.withLock { $0 }
        switch old {
        case .accepted: if newest.accepted != event, let again = newest.accepted { continuation.yield(again) }
        case .output: if newest.output != event, let again = newest.output { continuation.yield(again) }
        case .exited: break
        }
    }

    private func conclude() {
        if let record = try? files.exitRecord() { conclude(with: record) }
        continuation.finish()
        window.widen(to: .max)  // those that wait find the connection closed
    }

    private func conclude(with record: ExitRecord) {
        let isFirst = hasEnded.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard isFirst else { return }
        continuation.yield(.output(record.output))
        continuation.yield(.exited(record))
        continuation.finish()
        window.widen(to: .max)
    }
}
