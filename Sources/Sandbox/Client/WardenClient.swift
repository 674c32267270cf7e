import Kernel
import Resources

/// An agent's side of the warden protocol. Connects when first needed and again when the connection was lost; all
/// methods throw ``WardenUnreachable`` when there is no warden to ask and ``WardenFault`` when it refuses.
package actor WardenClient {
    private let path: String
    private let release: String
    private let versions: ClosedRange<Int>
    private let continuation: AsyncStream<WardenNotice>.Continuation
    private var current: (link: WardenLink, hello: WardenHello)?
    private var connecting: Task<(link: WardenLink, hello: WardenHello), any Error>?
    private var failure: (error: any Error, until: Instant, pause: Microseconds)?

    /// What wardens tell by themselves, for one consumer. Of more than 1024 that wait the oldest are dropped: all of it can
    /// be asked for.
    package nonisolated let notices: AsyncStream<WardenNotice>

    /// - Parameters:
    ///   - path: The warden's socket.
    ///   - release: The release of the program that asks.
    ///   - versions: The protocol versions to offer.
    package init(socket path: String, release: String, versions: ClosedRange<Int> = WardenProtocol.versions) {
        self.path = path
        self.release = release
        self.versions = versions
        (notices, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
    }

    deinit {
        current?.link.close()
        continuation.finish()
    }

    /// Who the warden is and what it can enforce.
    package func hello() async throws -> WardenHello { try await connection().hello }

    package func setPolicy(_ policy: WardenPolicy) async throws { try await order(.setPolicy(policy)) }

    /// Sets resources aside for a lease, or changes what is set aside. Limits are in force when it returns.
    package func openLease(_ grant: LeaseGrant) async throws { try await order(.openLease(grant)) }

    /// Ends everything that runs under the lease; when it returns all of it is gone.
    ///
    /// - Returns: the final counters, also when asked again; `nil` when the warden does not know the lease (any more).
    package func closeLease(_ lease: LeaseID) async throws -> LeaseMeter? {
        guard case .closed(let meter) = try await ask(.closeLease(lease)) else { throw unexpected }
        return meter
    }

    /// The same at once, as the owner: agents are told that it was taken back, as far as the warden is not too old for that.
    package func evictLease(_ lease: LeaseID) async throws -> LeaseMeter? {
        guard try await connection().hello.version >= 6 else { return try await closeLease(lease) }
        guard case .closed(let meter) = try await ask(.evictLease(lease)) else { throw unexpected }
        return meter
    }

    /// Makes the job's directory; inputs go into its `work` before the job is started.
    package func prepareJob(_ job: JobID, under lease: LeaseID) async throws -> JobFiles {
        guard case .place(let path) = try await ask(.prepareJob(job, lease)) else { throw unexpected }
        return JobFiles(directory: path)
    }

    /// Starts a prepared job; when it returns the shim can be attached to.
    ///
    /// - Throws: ``WardenFault`` of the kind `version`, too, when the warden is too old for what the job asks.
    package func startJob(_ spec: GuestSpec) async throws {
        if spec.timeLimit != nil || spec.image != nil, case let hello = try await connection().hello, hello.version < 4 {
            throw WardenFault(
                .version,
                "the warden (release \(hello.release)) cannot hold a job to a time limit, or in an image: upgrade it, or ask for neither"
            )
        }
        if spec.network != nil, case let hello = try await connection().hello, hello.version < 5 {
            throw WardenFault(
                .version, "the warden (release \(hello.release)) cannot give a job a network: upgrade it, or ask for none")
        }
        try await order(.startJob(spec))
    }

    /// Sends a signal to a running program; harmless when it has ended.
    package func signalJob(_ job: JobID, _ number: Int32) async throws { try await order(.signalJob(job, number)) }

    package func jobState(_ job: JobID) async throws -> JobState {
        guard case .job(let state) = try await ask(.jobState(job)) else { throw unexpected }
        return state
    }

    /// Gives the work directory of an ended job to the agent's user, so that outputs can be read.
    package func claimWork(_ job: JobID) async throws { try await order(.claimWork(job), patience: .minutes(10)) }

    /// Ends the job if it runs and deletes its files.
    package func removeJob(_ job: JobID) async throws { try await order(.removeJob(job), patience: .minutes(10)) }

    package func inventory() async throws -> WardenInventory {
        guard case .inventory(let inventory) = try await ask(.inventory) else { throw unexpected }
        return inventory
    }

    package func readings() async throws -> WardenReadings {
        guard case .readings(let readings) = try await ask(.readings) else { throw unexpected }
        return readings
    }

    /// The counters of each open lease; `nil` when the warden is too old to tell.
    package func measurements() async throws -> [LeaseMeasurement]? {
        guard try await connection().hello.version >= 2 else { return nil }
        guard case .measurements(let measurements) = try await ask(.measurements) else { throw unexpected }
        return measurements
    }
}

extension WardenClient {
    /// The steps on the ladder after a time that the warden remembers, oldest first; none when it is too old to tell.
    package func moves(after time: Timestamp) async throws -> [Move] {
        guard try await connection().hello.version >= 3 else { return [] }
        guard case .moves(let moves) = try await ask(.moves(after: time)) else { throw unexpected }
        return moves
    }

    private var unexpected: WardenUnreachable { WardenUnreachable("the warden at \(path) gave an answer to another question") }

    private func order(_ request: WardenRequest, patience: Microseconds = WardenProtocol.patience) async throws {
        guard case .done = try await ask(request, patience: patience) else { throw unexpected }
    }

    /// Asks once more on a new connection when the old one broke: every request may be repeated.
    private func ask(_ request: WardenRequest, patience: Microseconds = WardenProtocol.patience) async throws -> WardenReply {
        let link = try await connection().link
        let reply: WardenReply
        do {
            reply = try await link.call(request, patience: patience)
        } catch let error as WardenUnreachable {
            guard link.isLost else { throw error }
            reply = try await connection().link.call(request, patience: patience)
        }
        if case .failed(let fault) = reply { throw fault }
        return reply
    }

    private func connection() async throws -> (link: WardenLink, hello: WardenHello) {
        if let current, !current.link.isLost { return current }
        if let connecting { return try await connecting.value }
        if let failure, SystemClock.instant() < failure.until { throw failure.error }
        let attempt = Task { try await connect() }
        connecting = attempt
        defer { connecting = nil }
        do {
            let made = try await attempt.value
            current = made
            failure = nil
            return made
        } catch {
            let pause = min(max((failure?.pause ?? .zero) * 2, .milliseconds(100)), .seconds(1))
            failure = (error, SystemClock.instant() + pause, pause)
            throw error
        }
    }

    private func connect() async throws -> (link: WardenLink, hello: WardenHello) {
        let link = try WardenLink(connectingTo: path, notices: continuation)
        let offer = WardenRequest.hello(lowest: versions.lowerBound, highest: versions.upperBound, release: release)
        switch try await link.call(offer, patience: WardenProtocol.patience) {
        case .hello(let hello):
            link.speak(version: hello.version)
            return (link, hello)
        case .failed(let fault):
            link.close()
            throw fault
        default:
            link.close()
            throw unexpected
        }
    }
}
