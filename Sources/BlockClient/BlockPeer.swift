package import Frames
package import Resources

/// One block server, asked by a blocked thread, a task, or with a completion.
package struct BlockPeer: Sendable {
    package let pool: FramePool
    /// After which a call is given up.
    package var patience: Duration

    package init(_ pool: FramePool, patience: Duration = .seconds(10)) {
        self.pool = pool
        self.patience = patience
    }

    package var node: NodeID { pool.node }

    /// Whether it could not be reached when it was last tried: another replica is asked first.
    package var isDoubtful: Bool { pool.isDoubtful }

    /// Blocks the thread until the answer is there.
    package func wait<Answer>(for call: BlockCall<Answer>) throws(BlockError) -> Answer {
        let result: Result<FrameMessage, FrameError>
        do throws(FrameError) {
            result = .success(try pool.wait(for: call.message, expecting: call.expected, within: patience))
        } catch {
            result = .failure(error)
        }
        return try call.answer(result).get()
    }

    /// Waits for the answer; a task that is cancelled gives up.
    package func answer<Answer>(to call: BlockCall<Answer>) async throws(BlockError) -> Answer {
        let result: Result<FrameMessage, FrameError>
        do throws(FrameError) {
            result = .success(try await pool.call(call.message, expecting: call.expected, within: patience))
        } catch {
            result = .failure(error)
        }
        return try call.answer(result).get()
    }

    /// - Parameter completion: is called once, on any thread, and must not block.
    package func start<Answer>(
        _ call: BlockCall<Answer>, completion: @escaping @Sendable (Result<Answer, BlockError>) -> Void
    ) {
        pool.start(call.message, expecting: call.expected, within: patience) { completion(call.answer($0)) }
    }
}
