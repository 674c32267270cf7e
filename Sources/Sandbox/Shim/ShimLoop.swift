import Glibc
import Kernel
import Resources

/// Serves a running guest and the clients attached to it, on one thread.
struct ShimLoop {
    /// How long clients may take to read of the end.
    private static let farewell = Microseconds.seconds(2)
    private static let mostVisitors = 16

    private let files: JobFiles
    private let spec: ShimSpec
    private let signals: SignalInbox
    private let listener: Int32
    private let reserve: DiskReserve
    private var disk: DiskWatch?
    private var time: TimeLimit?
    private var guest: Guest
    private var input: InputFeed
    private var stdout: OutputSpool
    private var stderr: OutputSpool
    private var visitors: [Visitor] = []
    /// Why the shim has killed the program.
    private var stopReason: String?
    /// Why it had to, though neither the program nor anybody who has a say in it was the reason.
    private var interruption: String?
    private var end: ExitRecord?

    /// Listens, makes the output files and starts the guest.
    init(_ files: JobFiles, _ spec: ShimSpec, _ defences: Defences) throws(KernelError) {
        self.files = files
        self.spec = spec
        signals = try SignalInbox([SIGCHLD, SIGTERM, SIGINT, SIGHUP])
        let limit = defences.has(.outputSize) ? spec.guest.outputLimit : Bytes(.max)
        stdout = try OutputSpool(files.path(of: .stdout), "stdout", limit, owner: spec.agent, holdsComplaints: false)
        stderr = try OutputSpool(files.path(of: .stderr), "stderr", limit, owner: spec.agent, holdsComplaints: true)
        reserve = try DiskReserve(at: files.reserve)
        listener = try UnixSocket.listen(at: files.socket, mode: 0o600)
        guard spec.agent == .current || chown(files.socket, spec.agent.user, spec.agent.group) == 0 else {
            throw KernelError("give \(files.socket) to user \(spec.agent.user)", errno)
        }
        input = InputFeed(isOpen: spec.guest.hasInput)
        guest = try Guest(spec, in: files, defences)
        time = spec.guest.timeLimit.map { TimeLimit($0, from: SystemClock.instant()) }
        disk =
            defences.has(.workSpace)
            ? DiskWatch(of: files.work, by: spec.runAs?.user, limit: spec.disk, isLimited: spec.isDiskLimited) : nil
        stdout.attach(to: guest.stdout)
        stderr.attach(to: guest.stderr)
    }

    /// Returns when the guest has ended, its end is on record and the clients have been told.
    mutating func run() throws(KernelError) {
        while !guest.isOver { turn() }
        try conclude()
        serveVisitors([:])
        let deadline = SystemClock.instant() + Self.farewell
        while !visitors.allSatisfy(\.isServed), SystemClock.instant() < deadline { turn() }
        unlink(files.socket)
    }

    private mutating func turn() {
        var ready = waitForWork()
        if ready[guest.status] != nil { guest.readStatus() }
        guest.deliverSignals()
        if ready[stdout.pipe] != nil { stdout.take() }
        if ready[stderr.pipe] != nil { stderr.take() }
        if let fault = stdout.fault ?? stderr.fault ?? disk?.fault(at: SystemClock.instant()) { stop(fault) }
        keepTime()
        // who has come just now may have said something already
        if ready[listener] != nil { for descriptor in admit() { ready[descriptor] = Int16(POLLIN) } }
        serveVisitors(ready)
        // after those who may have said why it ends
        if ready[signals.descriptor] != nil { heedSignals() }
        passInputOn()
    }

    /// Waits until something can be done, and tells on which descriptors.
    private func waitForWork() -> [Int32: Int16] {
        var watched = [signals.descriptor, guest.status, stdout.pipe, stderr.pipe, listener]
            .map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if input.backlog > 0, let stdin = guest.stdin { watched.append(pollfd(fd: stdin, events: Int16(POLLOUT), revents: 0)) }
        watched += visitors.map { pollfd(fd: $0.descriptor, events: $0.interest, revents: 0) }
        let patience = patience
        // fails only when interrupted or out of memory: then nothing is ready and the next turn tries again
        poll(&watched, nfds_t(watched.count), patience)
        return Dictionary(
            watched.lazy.filter { $0.fd >= 0 && $0.revents != 0 }.map { ($0.fd, $0.revents) }, uniquingKeysWith: |)
    }

    /// How long to wait for a descriptor at most, in milliseconds; negative for without end.
    private var patience: Int32 {
        if guest.hasPendingSignals { return 2 }
        let visits: Int32? = visitors.contains(where: \.isStuck) ? 500 : nil
        let looks = guest.isOver ? [] : [disk?.next, time?.next].compactMap(\.self)
        guard let look = looks.min() else { return visits ?? -1 }
        let wait = Int32(clamping: max(.zero, look - SystemClock.instant()).rawValue / 1000 + 1)
        return min(wait, visits ?? wait)
    }

    private mutating func keepTime() {
        switch time?.step(at: SystemClock.instant()) {
        case .warn: guest.signal(SIGTERM)
        case .end: if let time { stop(time.reason) }
        case nil: break
        }
    }

    private mutating func heedSignals() {
        for number in signals.take() {
            if number == SIGCHLD {
                guest.reap()
            } else {
                interrupt("the machine shuts down, or somebody ended the job's shim: signal \(number)")
            }
        }
    }

    private mutating func stop(_ reason: String) {
        guard stopReason == nil, !guest.isOver else { return }
        stopReason = reason
        guest.kill()
    }

    private mutating func interrupt(_ reason: String) {
        guard stopReason == nil, !guest.isOver else { return }
        interruption = reason
        guest.kill()
    }

    private mutating func passInputOn() {
        guard let stdin = guest.stdin else { return }
        input.flush(to: stdin)
        if input.isDone || input.isClosed { guest.closeInput() }
    }

    /// Records the end: everything the program wrote is in the files, nothing of it is alive.
    private mutating func conclude() throws(KernelError) {
        while stdout.take() {}
        while stderr.take() {}
        var reason = guest.reason(complaint: stderr.complaint)
        switch reason {
        case .notStarted, .sandboxFailed: break
        case .exited, .signalled, .stopped, .interrupted: stderr.release()
        }
        if stopReason == nil { stopReason = disk?.verdict() }
        if stopReason == nil, let time, time.isOver { stopReason = time.reason }
        if case .signalled(SIGKILL) = reason, let shortage = MemoryShortage(entrances: spec.groups) {
            reason = .stopped(reason: shortage.description)
        }
        stdout.sync()
        stderr.sync()
        if let fault = stopReason ?? stdout.fault ?? stderr.fault {
            reason = .stopped(reason: fault)
        } else if let interruption {
            reason = .interrupted(reason: interruption)
        }
        let record = ExitRecord(
            reason: reason, cpu: guest.cpu, peakMemory: guest.peakMemory, started: guest.started, finished: SystemClock.utc(),
            output: sizes)
        reserve.release()
        try files.write(record, for: spec.agent.user)
        end = record
    }

    private var sizes: OutputSizes { OutputSizes(stdout: stdout.size, stderr: stderr.size) }
}

extension ShimLoop {
    /// Lets those in who wait at the door: the agent's user and root, as many as there is room for.
    ///
    /// - Returns: their descriptors.
    private mutating func admit() -> [Int32] {
        var admitted: [Int32] = []
        while let descriptor = try? UnixSocket.accept(on: listener) {
            let peer = try? UnixSocket.peer(of: descriptor)
            if visitors.count < Self.mostVisitors, let peer, peer.user == spec.agent.user || peer.user == 0 {
                visitors.append(Visitor(descriptor: descriptor))
                admitted.append(descriptor)
            } else {
                close(descriptor)
            }
        }
        return admitted
    }

    private mutating func serveVisitors(_ ready: [Int32: Int16]) {
        let now = SystemClock.instant()
        for index in visitors.indices.reversed() {
            let descriptor = visitors[index].descriptor
            do throws(Visitor.Gone) {
                if (ready[descriptor] ?? 0) & ~Int16(POLLOUT) != 0 {
                    for request in try visitors[index].requests() { try follow(request) }
                }
                visitors[index].tell(
                    Visitor.News(accepted: input.accepted, limit: input.limit, output: sizes, end: end))
                guard !visitors[index].isLost(at: now) else { throw Visitor.Gone() }
            } catch {
                close(descriptor)
                visitors.remove(at: index)
            }
        }
    }

    /// - Throws: ``Visitor/Gone`` when whoever asks this does not keep to the protocol.
    private mutating func follow(_ request: ShimRequest) throws(Visitor.Gone) {
        do throws(CanonicalReader.Malformed) {
            switch request {
            case .input(let position, let bytes): try input.take(bytes, at: position)
            case .inputEnd(let position): try input.end(at: position)
            case .signal(let number): guest.signal(number)
            case .stop(let reason): stop(reason)
            }
        } catch { throw Visitor.Gone() }
    }
}
