import Dispatch
import Glibc
import Mounts
import Resources
import Synchronization
import VolumeClient
import Volumes
import Wire

/// One mount, from the question where the volume is to its end.
struct VolumeMount {
    /// How often the identity is read anew, and memory given back. Certificates are good for a day, and renewed after half of that.
    private static let refreshing = DispatchTimeInterval.seconds(60)

    let request: MountRequest
    private let agent: LocalAgent

    init(_ request: MountRequest) {
        self.request = request
        agent = LocalAgent(socket: request.socket)
    }

    /// Mounts it, says so, and serves it until it is unmounted.
    func run(_ announcement: Announcement) throws(MountFailure) {
        Self.blockSignals()
        HeapLimits.apply()
        let command = request.command
        let log = try MountLog(request.log, about: "\(command.volume) on \(command.directory)")
        do throws(MountError) { try Mount.check(command.directory) } catch { throw MountFailure(error) }
        let plan = try agent.prepare(command.volume, isReadOnly: command.options.isReadOnly)
        guard let node = NodeID(plan.node), let volume = VolumeID(plan.place.volume), let home = HomeContact(plan.place) else {
            throw MountFailure(.failed, "\(command.volume): the agent does not know where its home listens; see 'surplus nodes'")
        }
        let credentials = try NodeCredentials(in: plan.dataDirectory, of: node)
        guard !command.isFake else { return announcement.began("\(plan.name) could be mounted on \(command.directory)") }
        let joining = Joining(
            volume: volume, home: home, credentials: credentials, agent: agent, log: log, options: command.options)
        let system = try joining.open()
        let mount: Mount
        do throws(MountFailure) {
            mount = try self.mount(system)
            try Privileges.drop(toUser: plan.agentUid, group: plan.agentGid)
        } catch {
            try? system.finish()
            throw error
        }
        let text = "mounted \(plan.name) (\(volume)) on \(mount.directory)" + Self.remark(mount.cleaned)
        log.write(.notice, text)
        heedSignals(mount, system, log)
        let timer = Self.keepFresh(credentials, log)
        announcement.began(text)
        serve(mount, system, log)
        timer.cancel()
    }

    private func mount(_ system: VolumeFileSystem) throws(MountFailure) -> Mount {
        var settings = MountSettings()
        // The home says when content has changed.
        settings.dropsChangedContent = false
        do throws(MountError) {
            let mount = try Mount(
                system, source: request.command.volume, on: request.command.directory, options: request.command.options,
                settings: settings)
            system.attach(mount)
            try mount.begin()
            return mount
        } catch { throw MountFailure(error) }
    }

    private static func remark(_ cleaned: Int) -> String {
        cleaned == 0 ? "" : ", from which \(cleaned == 1 ? "a mount" : "\(cleaned) mounts") left by a crash had to be taken"
    }

    private func serve(_ mount: Mount, _ system: VolumeFileSystem, _ log: MountLog) {
        do throws(MountError) {
            try mount.serve()
            log.write(.notice, "unmounted")
        } catch { log.write(.error, error.description) }
        Self.finish(system, log)
    }

    private static func finish(_ system: VolumeFileSystem, _ log: MountLog) {
        do throws(PosixError) { try system.finish() } catch {
            log.write(
                .error, "not all could be stored that was written and not made durable: \(Background.text(of: error.rawValue))")
        }
    }

    // MARK: While it is mounted

    /// Threads that are made later block them, too.
    private static func blockSignals() {
        var signals = endings
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private static var endings: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, number) }
        return signals
    }

    /// Asked to end, it unmounts if it may, and otherwise stores what was written and goes; the next mount takes away what is left.
    private func heedSignals(_ mount: Mount, _ system: VolumeFileSystem, _ log: MountLog) {
        let queue = DispatchQueue(label: "surplus.mount.signals")
        queue.async {
            var (signals, number) = (Self.endings, Int32(0))
            while sigwait(&signals, &number) != 0 {}
            log.write(.notice, "asked to end by signal \(number)")
            do throws(MountError) { try mount.unmount(.lazy) } catch {
                log.write(.warning, "it cannot be unmounted from here: \(error)")
                Self.finish(system, log)
                exit(0)
            }
        }
    }

    private static func keepFresh(_ credentials: NodeCredentials, _ log: MountLog) -> any DispatchSourceTimer {
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "surplus.mount.identity"))
        let said = Mutex<String?>(nil)
        timer.schedule(deadline: .now() + refreshing, repeating: refreshing)
        timer.setEventHandler {
            HeapLimits.giveBack()
            let fault = credentials.refresh()
            let isNews = said.withLock { said in
                defer { said = fault }
                return fault != said
            }
            if isNews, let fault { log.write(.warning, "the node's identity cannot be read anew: \(fault)") }
        }
        timer.resume()
        return timer
    }
}
