import GRPCCore
import Resources
import Sandbox
import Synchronization
import Wire

/// Passes input on to a program as fast as it reads, and signals at once: a program that does not read can still be
/// interrupted.
final class InputRelay: Sendable {
    private enum Piece: Sendable {
        case bytes([UInt8], at: Int64)
        case end(at: Int64)

        var size: Int { if case .bytes(let bytes, _) = self { bytes.count } else { 0 } }
    }

    /// Input that waits here for the program; borrowers send less than this ahead of what it has taken.
    private static let limit = 4 << 20
    private static let overhead = 1 << 10

    private let shim: ShimClient
    private let waiting = Mutex(0)
    private let pieces: AsyncStream<Piece>
    private let queue: AsyncStream<Piece>.Continuation

    init(to shim: ShimClient) {
        self.shim = shim
        (pieces, queue) = AsyncStream.makeStream()
    }

    /// Takes a message of the borrower.
    func take(_ message: Surplus_V1_JobInput) async throws {
        switch message.input {
        case .signal(let number):
            // A program that has just ended cannot be signalled; its end is told elsewhere.
            try? await shim.signal(Int32(try Field.integer(Int64(number), in: 1...64, "signal")))
        case .stdin(let data):
            try Field.count(data, atMost: 1 << 20, "stdin")
            try add(.bytes(Array(data), at: try position(of: message)))
        case .stdinEnd: try add(.end(at: try position(of: message)))
        case .attach: throw FieldError("attach", "comes twice")
        case nil: throw FieldError("input", "is missing or of a newer version")
        }
    }

    /// Passes input on until cancelled, or until the program has ended.
    func run() async {
        for await piece in pieces {
            do {
                switch piece {
                case .bytes(let bytes, let position): try await shim.write(bytes, at: position)
                case .end(let position): try await shim.endInput(at: position)
                }
            } catch { return }  // the shim has closed the connection: its last event says why
            waiting.withLock { $0 -= piece.size + Self.overhead }
        }
    }

    private func position(of message: Surplus_V1_JobInput) throws(FieldError) -> Int64 {
        try Field.integer(message.stdinOffset, in: 0...Bounds.memory.rawValue, "stdin_offset")
    }

    private func add(_ piece: Piece) throws(RPCError) {
        let fits = waiting.withLock { waiting in
            waiting += piece.size + Self.overhead
            return waiting <= Self.limit
        }
        guard fits else {
            throw RPCError(code: .resourceExhausted, message: "more than \(Self.limit) bytes of input wait for the program")
        }
        queue.yield(piece)
    }
}
