import Dispatch

/// Runs something that blocks until it is told to stop, on a thread of its own; comes back when it has stopped.
///
/// - Parameter stop: is called once when the task is cancelled, at any time, and makes `body` return.
func onOwnThread(_ body: @escaping @Sendable () -> Void, stop: @escaping @Sendable () -> Void) async {
    await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "surplus.own-thread").async {
                body()
                continuation.resume()
            }
        }
    } onCancel: {
        stop()
    }
}
