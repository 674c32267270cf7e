import CFUSE
import Glibc

/// What a thread that answers requests has for itself.
final class Worker {
    private var storage: UnsafeMutableRawBufferPointer?
    private(set) var amendment = Amendment()
    /// The request that is being answered, as long as it was not: then it is gone.
    var question: fuse_req_t?

    deinit { storage?.deallocate() }

    /// Memory for an answer, good until the next request.
    func buffer(_ size: Int) -> UnsafeMutableRawBufferPointer {
        if storage.map({ $0.count < size }) ?? true {
            storage?.deallocate()
            storage = .allocate(byteCount: size, alignment: 4096)
        }
        return UnsafeMutableRawBufferPointer(start: storage?.baseAddress, count: size)
    }

    // MARK: The thread's own

    /// The guard: written once, before any thread that answers requests is started.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        let fault = pthread_key_create(&key) { worker in
            guard let worker else { return }
            Unmanaged<Worker>.fromOpaque(worker).release()
        }
        precondition(fault == 0, "no key for what threads have for themselves: \(fault)")
        return key
    }()

    /// Of a thread that answers no requests nil.
    static var ofThisThread: Worker? {
        pthread_getspecific(key).map { Unmanaged<Worker>.fromOpaque($0).takeUnretainedValue() }
    }

    static var current: Worker {
        guard let worker = ofThisThread else { preconditionFailure("a request on a thread that answers none") }
        return worker
    }

    /// About the request that this thread is answering.
    static var request: Amendment {
        get { current.amendment }
        set { current.amendment = newValue }
    }

    /// Answers requests on this thread until the session ends.
    ///
    /// - Parameter limit: How many requests at most.
    /// - Returns: How many were answered; and 0, or the number of the error with which no more can be read.
    static func serve(_ session: OpaquePointer, limit: Int = .max) -> (answered: Int, fault: Int32) {
        let worker = Unmanaged.passRetained(Worker())
        defer {
            pthread_setspecific(key, nil)
            worker.release()
        }
        pthread_setspecific(key, worker.toOpaque())
        var buffer = fuse_buf()
        defer { free(buffer.mem) }
        var answered = 0
        while answered < limit, fuse_session_exited(session) == 0 {
            let count = fuse_session_receive_buf(session, &buffer)
            if count == -EINTR || count == -EAGAIN { continue }
            guard count > 0 else { return (answered, -count) }
            current.amendment = Amendment(UnsafeRawBufferPointer(start: buffer.mem, count: Int(count)))
            fuse_session_process_buf(session, &buffer)
            current.question = nil
            answered += 1
        }
        return (answered, 0)
    }
}
