import Bookkeeping
import Configuration
import Frames
import GRPCCore
import Identity
import Logging
import Node
import Policy
import Resources
import Trading
import VolumeService
import Wire

/// Everything of an agent that exists while its node is in a pool: identity, decisions, peers, guests and jobs.
final class PoolMembership: Sendable {
    let house: Household
    let gate: Gate
    let roster: MemberRoster
    let notary: ReceiptNotary
    let engine: Engine
    let peers: PeerCaller
    let links: PeerLinks
    let issuer: Issuer
    let sync: MemberSync
    let guests: GuestKeeper
    let storage: StorageKeeper?
    let homes: VolumeHomes
    let volumes: VolumeDesk
    let requests: LeaseRequests
    let nettings: NettingDesk
    let reconciliations: ReconciliationDesk
    let jobs: JobDesk
    let hosting: JobHost
    let accountant: Accountant
    private let registry: MemberRegistry
    /// The last event before it came to be.
    private let storyBefore: Int64
    private let switchboard = Switchboard()

    /// Puts the parts together from what is on disk.
    init(_ identity: NodeIdentity, in house: Household, accountant: Accountant) throws {
        self.house = house
        self.accountant = accountant
        storyBefore = try house.store.lastEvents(1).last?.sequence ?? 0
        roster = MemberRoster(try MemberRegistry.load(identity, from: house.store))
        gate = Gate(identity: identity, roster: roster, clock: house.utc)
        notary = identity.notary()
        peers = PeerCaller(
            clients: PeerClients(gatekeeper: gate), roster: roster, clock: house.utc, onReturn: switchboard.returned)
        links = PeerLinks(peers: peers, log: house.log, onFailure: switchboard.failed, onWithheld: switchboard.withheld)
        engine = try Engine(
            id: identity.node, capacity: house.capacity, policy: house.policy.current.policy, store: house.store,
            notary: notary, clock: house.clock, log: house.log, perform: switchboard.perform)
        registry = MemberRegistry(house: house, roster: roster, notary: notary, engine: engine, peers: peers, links: links)
        issuer = try Issuer(
            store: house.store, identities: house.identities, roster: roster, clock: house.utc, learn: registry.learn,
            learnUser: registry.learnUser)
        sync = MemberSync(
            own: identity.node, roster: roster, peers: peers, log: house.log, learn: registry.learn,
            learnUser: registry.learnUser)
        requests = LeaseRequests(engine: engine)
        nettings = NettingDesk(engine: engine)
        reconciliations = ReconciliationDesk(engine: engine, log: house.log)
        storage = house.configuration.storage.map { [engine] in
            StorageKeeper(in: $0.directory, of: house, as: identity.node, engine: engine)
        }
        let surroundings = VolumeSurroundings(house: house, gate: gate, roster: roster, engine: engine)
        homes = try VolumeHomes(directory: house.configuration.dataDirectory + "/volumes", surroundings.homes)
        volumes = try VolumeDesk(
            house: house, engine: engine, requests: requests, roster: roster, peers: peers, homes: homes, storage: storage)
        guests = GuestKeeper(house: house, engine: engine, storage: storage)
        hosting = JobHost(house: house, engine: engine, guests: guests)
        jobs = JobDesk(
            house: house, engine: engine, requests: requests, peers: peers, roster: roster, hosted: hosting.jobs)
        switchboard.connect(
            Switchboard.Parts(
                engine: engine, links: links, guests: guests, storage: storage, requests: requests, nettings: nettings,
                reconciliations: reconciliations))
    }

    var own: NodeID { gate.current.node }

    /// Serves and trades until cancelled. `isUp` is called once peers can connect.
    ///
    /// - Parameter control: the control API, for callers from elsewhere, and what its calls pass before.
    func run(
        serving control: any RegistrableRPCService, behind guards: [any ServerInterceptor], _ isUp: @escaping @Sendable () -> Void
    ) async throws {
        let listen = house.configuration.listen
        let frames = FrameServer(frameServices, as: own, limits: .ofHomes)
        let listener = try PeerListener(
            on: Endpoint(host: listen.host, port: Int(listen.port)), gatekeeper: gate,
            services: [PeerService(membership: self), EnrolmentService(membership: self), control], guards: guards,
            companion: FrameCompanion(server: frames), log: house.log)
        registry.connect(listener)
        for member in roster.members { registry.introduce(member) }
        let keeper = CertificateKeeper(
            gate: gate, issuer: issuer, roster: roster, peers: peers, identities: house.identities,
            address: { [house] in await Self.address(of: listener, house) }, clock: house.utc, learn: registry.learn,
            log: house.log)
        defer {
            switchboard.disconnect()
            requests.abandon("the agent is stopping")
            nettings.abandon()
            reconciliations.abandon()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await listener.run() }
            group.addTask {
                let isListening = await listener.endpoint != nil
                // the others are to learn the right address before anybody is told to use it
                await keeper.look()
                if isListening { isUp() }
                await keeper.run()
            }
            group.addTask { try await self.engine.run() }
            group.addTask { await self.links.run() }
            group.addTask { await self.sync.run() }
            group.addTask { await self.guests.run() }
            if let storage { group.addTask { await storage.run() } }
            group.addTask { await self.volumes.run() }
            group.addTask { await EventHookRunner(membership: self, beginning: self.storyBefore).run() }
            group.addTask { await StoryKeeper(house: self.house, engine: self.engine).run() }
            group.addTask {
                await SurroundingsWatch(house: self.house, engine: self.engine, guests: self.guests, roster: self.roster).run()
            }
            group.addTask { await self.hosting.run() }
            group.addTask { await self.jobs.run() }
            group.addTask { await self.greet() }
            defer { group.cancelAll() }
            try await group.next()
        }
        await frames.shutDown()
        await onThread { self.homes.stop() }
        await links.closeAll()
        await peers.shutDown()
    }

    /// What other nodes ask for in frames.
    private var frameServices: [any FrameService] {
        [homes] + [storage?.service].compactMap(\.self)
    }

    /// Where others reach this node.
    static func address(of listener: PeerListener, _ house: Household) async -> String {
        let advertise = house.configuration.advertise
        guard advertise.port == 0, let bound = await listener.endpoint else { return advertise.description }
        return Endpoint(host: advertise.host, port: bound.port).description
    }

    var hello: Surplus_V1_PeerHello {
        let identity = gate.current
        return .with {
            $0.versionMin = ProtocolVersion.oldest
            $0.versionMax = ProtocolVersion.newest
            $0.features = Feature.allCases.map(\.rawValue)
            $0.pool = identity.pool.description
            $0.node = identity.node.description
            $0.failureDomain = house.configuration.storage?.domain ?? ""
            $0.software = "surplus \(Software.version)"
            $0.utcMicroseconds = house.clock().utc.microseconds
        }
    }

    /// Says hello to each peer once it is known, and again now and then: versions must fit, clocks should agree.
    private func greet() async {
        while !Task.isCancelled {
            for member in roster.members
            where member.status == .active && member.node != own && roster.version(of: member.node) == nil {
                do {
                    let reply = try await peers.call(member.node) { [hello] in
                        try await $0.hello(hello, options: .within(.seconds(5)))
                    }
                    try peers.saw(member.node, saying: reply)
                    let skew = Microseconds(abs(reply.utcMicroseconds - house.clock().utc.microseconds))
                    if skew > .seconds(5) {
                        house.log.warning(
                            "the clock of a peer differs", metadata: ["peer": "\(member.name)", "by": "\(skew.shortText)"])
                    }
                } catch {
                    house.log.debug("a peer did not answer", metadata: ["peer": "\(member.name)", "error": "\(error)"])
                }
            }
            await Task.rest(for: .seconds(10))
        }
    }

    /// What `peer` would be offered now; without amounts, as much as there is.
    func quote(
        to peer: NodeID, amounts: Amounts, term: Microseconds?, notice: NoticeClass?, start: Timestamp?
    ) -> Surplus_V1_QuoteReply {
        let (enforced, now) = (guests.areLimitsEnforced, engine.now)
        return engine.read { node in
            let wanted = amounts.isPositive ? amounts : node.lendable.unmixed
            let ask = Ask(
                amounts: wanted, least: amounts.isPositive ? nil : .zero, term: term ?? node.policy.longestTerm,
                bid: Prices(cpu: Bounds.price, memory: Bounds.price, disk: Bounds.price), notice: notice ?? .standard,
                start: start)
            return .with { reply in
                reply.limitsEnforced = enforced
                guard wanted.isPositive else {
                    reply.refusal = Surplus_V1_Refusal(node.reasonForNothing(at: now))
                    return
                }
                switch node.quote(ask, to: peer, at: now) {
                case .offer(let terms), .counter(let terms, _): reply.terms = Surplus_V1_Terms(terms)
                case .refuse(let refusal): reply.refusal = Surplus_V1_Refusal(refusal)
                }
            }
        }
    }
}
