import Glibc

/// Starts threads for what blocks, so that it does not hold up the ones that Swift's concurrency runs on.
package enum WorkThread {
    /// Runs `body` on a thread of its own, with a small stack, until it returns.
    package static func start(_ body: @escaping @Sendable () -> Void) throws(KernelError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 256 << 10)
        let context = Unmanaged.passRetained(Body(run: body))
        var thread = pthread_t()
        let fault = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard fault == 0 else {
            context.release()
            throw KernelError("start a thread", fault)
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
