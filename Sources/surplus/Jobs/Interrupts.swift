import Dispatch
import Glibc
import Resources

/// What a signal to this program means for the job it watches.
struct Interrupts {
    enum Meaning: Equatable {
        /// Pass it to the program.
        case forward(UInt32)
        /// Cancel the job and wait for its end.
        case cancel
        /// Leave the job alone and end.
        case detach
    }

    /// Where the job is, as far as is known here.
    enum Phase {
        /// On its way: the program does not run yet.
        case starting
        case running
        /// The program has ended, or nobody can be told anything.
        case outOfReach
    }

    /// Three Ctrl-C within this time cancel the job, whatever the program makes of them.
    static let patience = Microseconds.seconds(5)

    private var recent: [Instant] = []
    private var isCancelling = false

    mutating func receive(_ signal: Int32, during phase: Phase, at now: Instant) -> Meaning {
        guard !isCancelling, phase != .outOfReach else { return .detach }
        if signal == SIGINT { recent = recent.filter { now - $0 < Self.patience } + [now] }
        guard phase == .running, recent.count < 3 else {
            isCancelling = true
            return .cancel
        }
        return .forward(UInt32(signal))
    }
}

/// The signals that this program passes on instead of dying from them.
enum SignalSource {
    static let passedOn = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]

    /// The signals received from now on. The stream is bounded: of a flood, the newest are dropped.
    static func stream() -> AsyncStream<Int32> {
        AsyncStream(bufferingPolicy: .bufferingOldest(64)) { continuation in
            let queue = DispatchQueue(label: "surplus.signals")
            for number in passedOn {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
                // It lives as long as the program does, in its own handler.
                source.setEventHandler { withExtendedLifetime(source) { _ = continuation.yield(number) } }
                source.resume()
            }
        }
    }
}
