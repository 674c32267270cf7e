import Resources
import Testing
import Volumes

/// A home, its journal, and sessions on connections on which messages overtake each other.
private struct World {
    var home: VolumeHome<MemoryState>
    /// What the journal has for good.
    private var durable: Volume<MemoryState>
    private var pending: [Record] = []
    private var sessions: [PlayedSession]
    private var toHome: [[(RequestKey, HomeRequest)]]
    private var toSession: [[HomeDirective]]
    /// Whether the home knows the connection that a session has now.
    private var isConnected: [Bool] = []
    private var now = Moment(boot: BootID("b"), instant: Instant(microseconds: 0), utc: Timestamp(microseconds: 0))
    private var random: SeededGenerator
    private var epoch: UInt64 = 1
    private var begun: UInt64 = 0
    private(set) var restarts = 0

    init(seed: UInt64, sessions count: Int) {
        random = SeededGenerator(seed: seed)
        durable = Volume()
        home = VolumeHome(durable, epoch: 1, at: now)
        (sessions, toHome, toSession) = ([], [], [])
        for _ in 0..<count { addSession() }
    }

    private mutating func addSession() {
        begun += 1
        var new = PlayedSession(begun)
        new.ask(.begin(node: new.node))
        sessions.append(new)
        toHome.append([])
        toSession.append([])
        isConnected.append(false)
    }

    // MARK: What happens

    mutating func step(crashes: Bool) throws {
        now = now + Microseconds(1000)
        let one = Int.random(in: 0..<sessions.count, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: act(one)
        case 20..<55: deliverToHome(one)
        case 55..<90: try deliverToSession(one)
        case 90..<96: commit()
        case 96 where crashes && Int.random(in: 0..<10, using: &random) == 0: restart()
        case 97 where crashes && Int.random(in: 0..<20, using: &random) == 0: crash(one)
        case 98 where Int.random(in: 0..<10, using: &random) == 0: disconnect(one)
        default: check(one)
        }
    }

    private mutating func act(_ one: Int) {
        guard sessions[one].epoch == epoch, !sessions[one].isBusy else { return }
        let inodes = home.volume.state.inodes(after: nil, limit: 100)
        let (name, other) = (name(), name())
        let some = inodes.randomElement(using: &random)?.number ?? .root
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<3:
            let new = NewInode(
                parent: .root, name: name, number: InodeNumber(rawValue: 0), kind: .regular, permissions: 0o644, owner: 0,
                group: 0)
            sessions[one].change(.make(new))
        case 3: sessions[one].change(.unlink(parent: .root, name: name, isOpen: false))
        case 4: sessions[one].change(.rename(Rename(parent: .root, name: name, newParent: .root, newName: other)))
        case 5:
            // What nobody else can have seen may be asked for durably: until it is answered it may be lost.
            let isAlone = sessions[one].cache[some]?.lease == .write
            let size = UInt64.random(in: 0..<100, using: &random)
            sessions[one].change(.setAttributes(some, .size(size)), durably: isAlone && Bool.random(using: &random))
        case 6: sessions[one].ask(.lookup(name, in: .root))
        case 7: sessions[one].ask(.attributes(some))
        case 8 where some != .root: sessions[one].ask(.acquire(.write, on: some))
        case 9: sessions[one].ask(.list(.root, after: nil, limit: 10))
        case 11 where Bool.random(using: &random): sessions[one].giveBack(some)
        case 10: if let last = sessions[one].kept.last { sessions[one].ask(.synchronize(record: last.index)) }
        default: toggle(some, one)
        }
    }

    /// Programs open only what is held, and close what they opened.
    private mutating func toggle(_ inode: InodeNumber, _ one: Int) {
        if sessions[one].open.remove(inode) != nil {
            if sessions[one].cache[inode] == nil { sessions[one].ask(.close([inode])) }
        } else if sessions[one].cache[inode] != nil {
            sessions[one].open.insert(inode)
        }
    }

    private mutating func name() -> FileName {
        guard let name = try? FileName("f\(Int.random(in: 0..<6, using: &random))") else { preconditionFailure("a name") }
        return name
    }

    private mutating func deliverToHome(_ one: Int) {
        toHome[one] += sessions[one].outbox
        sessions[one].outbox = []
        guard !toHome[one].isEmpty else { return }
        // Nothing overtakes what makes a connection one of the session.
        let (key, request) = toHome[one].remove(at: isConnected[one] ? toHome[one].indices.randomElement(using: &random) ?? 0 : 0)
        switch request {
        case .begin, .resume: isConnected[one] = true
        default: break
        }
        let message = HomeMessage(request, of: key.session, volume: VolumeID(high: 1, low: 1))
        guard (try? HomeMessage(code: request.code, encoded: message.encoded)) == message else {
            return #expect(Bool(false), "\(message) is not what it was")
        }
        carryOut(home.receive(request, key, at: now))
    }

    private mutating func deliverToSession(_ one: Int) throws {
        guard !toSession[one].isEmpty else { return }
        switch toSession[one].remove(at: toSession[one].indices.randomElement(using: &random) ?? 0) {
        case .recall(let recall, let session):
            try #require(try LeaseRecall.read(recall.encoded(for: session)) == (recall, session))
            sessions[one].receive(recall)
        case .answer(let key, let answer):
            try #require(try HomeAnswer(code: answer.code, encoded: answer.encoded) == answer)
            try #require(sessions[one].durable(after: answer, to: key.number) <= durable.state.header.applied)
            sessions[one].receive(answer, to: key.number)
        default: break
        }
        try #require(sessions[one].complaints == [])
    }

    private mutating func carryOut(_ directives: [HomeDirective]) {
        for directive in directives {
            switch directive {
            case .journal(let record): pending.append(record)
            case .answer(let key, _): send(directive, to: key.session)
            case .recall(_, let session): send(directive, to: session)
            case .expel, .left, .lockGranted, .wake, .settle, .storesChanged, .damaged: break
            }
        }
    }

    private mutating func send(_ directive: HomeDirective, to session: SessionID) {
        if let place = sessions.firstIndex(where: { $0.id == session }), isConnected[place] { toSession[place].append(directive) }
    }

    private mutating func commit() {
        guard let last = pending.randomElement(using: &random)?.index else { return }
        for record in pending.prefix(while: { $0.index <= last }) {
            guard case .success = durable.apply(record) else { return #expect(Bool(false), "\(record) was carried out before") }
        }
        pending.removeAll { $0.index <= last }
        carryOut(home.becomeDurable(last))
    }

    // MARK: What goes wrong

    /// The home ends, and begins again with what the journal has.
    private mutating func restart() {
        let before = home.volume
        let isWhole = home.volume.state.allSessions.allSatisfy { known in
            sessions.contains { $0.id == known.id && !$0.isOver }
        }
        (pending, epoch, restarts) = ([], epoch + 1, restarts + 1)
        home = VolumeHome(durable, epoch: epoch, at: now)
        for place in sessions.indices { disconnect(place) }
        guard isWhole else { return }
        // Nobody is missing: what was told to anybody, durable or not, comes back.
        expected = before.promises(to: sessions)
    }

    private var expected: [Record.Origin] = []

    private mutating func disconnect(_ one: Int) {
        (toHome[one], toSession[one], isConnected[one]) = ([], [], false)
        guard !sessions[one].asked.values.contains(.begin(node: sessions[one].node)) else { return replace(one) }
        sessions[one].disconnect()
    }

    private mutating func crash(_ one: Int) {
        expected = []
        (toHome[one], toSession[one], isConnected[one]) = ([], [], false)
        replace(one)
    }

    /// Somebody else comes in its place; of the old one nothing is heard any more.
    private mutating func replace(_ one: Int) {
        begun += 1
        sessions[one] = PlayedSession(begun)
        sessions[one].ask(.begin(node: sessions[one].node))
    }

    // MARK: What has to hold

    /// What a session keeps is how it is, as long as it changes nothing itself.
    private func check(_ one: Int) {
        let played = sessions[one]
        guard played.epoch == epoch, !played.isBusy, !played.isChanging, !played.isOver else { return }
        guard home.volume.state.session(played.id) != nil else { return }
        for (number, kept) in played.cache {
            guard let inode = kept.inode, kept.lease == .read else { continue }
            #expect(home.volume.state.inode(number) == inode, "\(played.id) keeps what is not so any more")
        }
    }

    func checkLeases() {
        let live = sessions.filter { $0.epoch == epoch && !$0.isOver && home.volume.state.session($0.id) != nil }
        for played in live {
            for (number, kept) in played.cache where kept.lease == .write {
                let others = live.filter { $0.id != played.id && $0.cache[number] != nil }
                #expect(others.isEmpty, "\(played.id) and \(others.map(\.id)) have leases on \(number.rawValue)")
            }
        }
    }

    /// Lets all come to an end: everything is delivered and committed, and time passes.
    mutating func settle() throws {
        for round in 0..<400 {
            for one in sessions.indices {
                while !sessions[one].outbox.isEmpty || !toHome[one].isEmpty { deliverToHome(one) }
                while !toSession[one].isEmpty { try deliverToSession(one) }
            }
            if !pending.isEmpty { commit() }
            if round % 10 == 9, round < 390 {
                for one in sessions.indices where !sessions[one].isOver { sessions[one].ask(.ping) }
                now = now + .seconds(4)
                carryOut(home.tick(now))
            }
        }
        for played in sessions where !played.isOver {
            #expect(played.asked.isEmpty, "\(played.id) still waits for \(played.asked)")
        }
        for origin in expected {
            let state = home.volume.state
            guard state.session(origin.session) != nil else { continue }
            #expect((state.answer(in: origin.slot, of: origin.session)?.number ?? 0) >= origin.number, "\(origin) is lost")
        }
        #expect(home.volume.faults() == [])
    }
}

extension Volume {
    /// Which requests of sessions were answered with a change.
    fileprivate func promises(to sessions: [PlayedSession]) -> [Record.Origin] {
        sessions.flatMap { $0.kept.compactMap(\.origin) }
    }
}

@Suite("Sessions and a home that lose connections and begin again")
struct HomeWorldTests {
    @Test("what is kept under a lease is how it is, and all that was asked is answered", arguments: 0..<100 as Range<UInt64>)
    func coherence(seed: UInt64) throws {
        var world = World(seed: seed, sessions: 4)
        for step in 0..<3000 {
            try world.step(crashes: false)
            if step % 10 == 0 { world.checkLeases() }
        }
        try world.settle()
    }

    @Test("a home that begins again loses nothing that anybody who is still there was told", arguments: 0..<100 as Range<UInt64>)
    func crashes(seed: UInt64) throws {
        var world = World(seed: seed, sessions: 4)
        for step in 0..<3000 {
            try world.step(crashes: true)
            if step % 10 == 0 { world.checkLeases() }
        }
        try world.settle()
    }
}
