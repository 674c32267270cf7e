import Glibc

/// A thread of its own for what blocks, without signals.
struct WorkerThread {
    private let thread: pthread_t

    /// - Throws: The number of the error.
    static func start(_ body: @escaping @Sendable () -> Void) throws(ThreadError) -> WorkerThread {
        var (blocked, before) = (sigset_t(), sigset_t())
        sigfillset(&blocked)
        pthread_sigmask(SIG_SETMASK, &blocked, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let context = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        let fault = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard fault == 0 else {
            context.release()
            throw ThreadError(number: fault)
        }
        return WorkerThread(thread: thread)
    }

    func join() { pthread_join(thread, nil) }

    /// Nobody will join it.
    func detach() { pthread_detach(thread) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}

struct ThreadError: Error {
    let number: Int32
}
