internal import Dispatch
internal import Resources
internal import Volumes

/// Lets one thread through at a time; the others wait no longer than they want to.
struct Turnstile: Sendable {
    private let semaphore = DispatchSemaphore(value: 1)

    func pass(_ body: () -> Void) {
        semaphore.wait()
        defer { semaphore.signal() }
        body()
    }

    /// - Throws: ``PosixError/inputOutput`` when it is not free in time.
    func pass<Result>(within patience: Microseconds, _ body: () -> Result) throws(PosixError) -> Result {
        guard semaphore.wait(timeout: .now() + .microseconds(Int(clamping: patience.rawValue))) == .success else {
            throw .inputOutput
        }
        defer { semaphore.signal() }
        return body()
    }
}
