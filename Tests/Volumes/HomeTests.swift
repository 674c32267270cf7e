import Resources
import Testing
import Volumes

/// A home whose journal is as quick as it is told, and two sessions.
private struct Desk {
    var home: VolumeHome<MemoryState>
    var now = Moment(boot: BootID("b"), instant: Instant(microseconds: 1), utc: Timestamp(microseconds: 1))
    private var numbers: UInt64 = 0
    private(set) var journal: UInt64 = 0

    init(sessions: UInt64 = 2) throws {
        home = VolumeHome(Volume(), epoch: 1, at: now)
        for number in 1...sessions {
            ask(number, .begin(node: node(number)))
            let begun = settle()
            try #require(begun.contains { if case .answer(_, .began(_, isRecovering: false)) = $0 { true } else { false } })
        }
    }

    @discardableResult
    mutating func ask(_ id: UInt64, _ request: HomeRequest) -> [HomeDirective] {
        numbers += 1
        let directives = home.receive(request, RequestKey(session: session(id), number: numbers), at: now)
        note(directives)
        return directives
    }

    private mutating func note(_ directives: [HomeDirective]) {
        for case .journal(let record) in directives { journal = record.index }
    }

    /// All that was written becomes durable.
    @discardableResult
    mutating func settle() -> [HomeDirective] { home.becomeDurable(journal) }

    mutating func pass(_ time: Microseconds) -> [HomeDirective] {
        now = now + time
        let directives = home.tick(now)
        note(directives)
        return directives
    }

    /// What a request is answered at once, if it is.
    mutating func reply(to id: UInt64, _ request: HomeRequest) -> HomeAnswer? {
        let directives = ask(id, request)
        return answer(in: directives)
    }

    /// What the last request was answered, if it was.
    func answer(in directives: [HomeDirective]) -> HomeAnswer? {
        for case .answer(let key, let answer) in directives where key.number == numbers { return answer }
        return nil
    }

    /// What an earlier request of a session was answered.
    func answers(to id: UInt64, in directives: [HomeDirective]) -> [HomeAnswer] {
        directives.compactMap { if case .answer(let key, let answer) = $0, key.session == session(id) { answer } else { nil } }
    }

    /// What sessions are asked for, and what each may keep.
    func recalls(in directives: [HomeDirective]) -> [SessionID: [LeaseClaim?]] {
        var recalls: [SessionID: [LeaseClaim?]] = [:]
        for case .recall(let recall, let session) in directives {
            recalls[session, default: []].append(recall.keeping.map { LeaseClaim(recall.inode, $0) })
        }
        return recalls
    }

    mutating func made(_ name: String, by id: UInt64, number: UInt64 = 1) throws -> HomeAnswer? {
        let directives = try make(name, by: id, number: number)
        return answer(in: directives)
    }

    mutating func make(
        _ name: String, by id: UInt64, slot: UInt16 = 0, number: UInt64 = 1, durably: Bool = false
    ) throws -> [HomeDirective] {
        let new = NewInode(
            parent: .root, name: try FileName(name), number: InodeNumber(rawValue: 0), kind: .regular, permissions: 0o644,
            owner: 0,
            group: 0)
        return ask(id, .change(.make(new), slot: slot, number: number, durably: durably))
    }
}

@Suite("The home of a volume")
struct HomeTests {
    private let first = InodeNumber(rawValue: 2)

    @Test("who makes a file may write to it at once; who wants to read it waits until that was told")
    func writer() throws {
        var desk = try Desk()
        let made = try desk.made("f", by: 1)
        guard case .changed(.inode(let inode), _, let grants, let directories) = made else {
            return #expect(Bool(false), "\(made as Any)")
        }
        #expect(directories.map(\.number) == [.root] && directories.first?.changed == inode.changed)
        #expect(inode.number == first && grants.map(\.lease) == [.read, .write] && grants.map(\.inode) == [.root, first])
        let asked = desk.ask(2, .lookup(try FileName("f"), in: .root))
        #expect(desk.answer(in: asked) == nil)
        #expect(desk.recalls(in: asked) == [session(1): [LeaseClaim(first, .read)]])
        // What was written is told before the lease is given back, and does not wait for who waits for it.
        let told = desk.ask(1, .change(.setAttributes(first, .size(7)), slot: 0, number: 2))
        guard case .changed = desk.answer(in: told) else { return #expect(Bool(false), "\(told)") }
        let given = desk.ask(1, .giveBack([LeaseReturn(first, keeping: .read, stamp: .max)]))
        guard case .inode(let seen, let seenGrants) = desk.answers(to: 2, in: given).first else { return #expect(Bool(false)) }
        #expect(seen.size == 7 && seenGrants.map(\.lease) == [.read, .read])
    }

    @Test("a directory that others keep changes only when they have given it back, and they are asked once")
    func directory() throws {
        var desk = try Desk(sessions: 3)
        for id in [UInt64(2), 3] { desk.ask(id, .lookup(try FileName("f"), in: .root)) }
        let asked = try desk.make("f", by: 1)
        #expect(desk.answer(in: asked) == nil)
        #expect(desk.recalls(in: asked).keys.sorted() == [session(2), session(3)])
        let first = desk.ask(2, .giveBack([LeaseReturn(.root, stamp: .max)]))
        #expect(desk.recalls(in: first).isEmpty && desk.answers(to: 1, in: first).isEmpty)
        #expect(desk.answers(to: 1, in: desk.ask(3, .giveBack([LeaseReturn(.root, stamp: .max)]))).count == 1)
    }

    @Test("who comes later does not overtake who waits for the same")
    func fairness() throws {
        var desk = try Desk(sessions: 3)
        desk.ask(2, .attributes(.root))
        _ = try desk.make("f", by: 1)
        #expect(desk.reply(to: 3, .attributes(.root)) == nil)
        let given = desk.ask(2, .giveBack([LeaseReturn(.root, stamp: .max)]))
        let order = given.compactMap { if case .answer(let key, _) = $0 { key.session } else { nil } }
        #expect(order == [session(2), session(1), session(3)])
    }

    @Test("a file that is open somewhere is kept when its last name goes, until it is closed there")
    func openFile() throws {
        var desk = try Desk()
        _ = try desk.make("f", by: 1)
        let unlink = Operation.unlink(parent: .root, name: try FileName("f"), isOpen: false)
        desk.ask(2, .change(unlink, slot: 0, number: 1))
        let given = desk.ask(1, .giveBack([LeaseReturn(.root, stamp: .max), LeaseReturn(first, isOpen: true, stamp: .max)]))
        #expect(desk.answers(to: 2, in: given).count == 1)
        #expect(desk.home.volume.state.inode(first)?.links == 0)
        desk.ask(1, .close([first]))
        #expect(desk.home.volume.state.inode(first) == nil)
    }

    @Test("what was durable is said to be, and only then")
    func durability() throws {
        var desk = try Desk()
        guard case .changed(_, let record, _, _) = try desk.made("f", by: 1) else { return #expect(Bool(false)) }
        let asked = desk.ask(1, .synchronize(record: record.index))
        #expect(desk.answer(in: asked) == nil && asked.contains(.settle(record.index)))
        #expect(desk.answers(to: 1, in: desk.settle()) == [.done])
        #expect(desk.reply(to: 1, .synchronize(record: record.index)) == .done)
        #expect(desk.reply(to: 1, .synchronize(record: record.index + 1)) == .refused(.protocolFault))
    }

    @Test("a change that is asked for durably is answered when it is durable, and the journal is told at once")
    func durableChange() throws {
        var desk = try Desk()
        let asked = try desk.make("f", by: 1, durably: true)
        let journalled = asked.firstIndex { if case .journal = $0 { true } else { false } }
        guard let journalled, case .journal(let record) = asked[journalled] else { return #expect(Bool(false), "\(asked)") }
        #expect(desk.answer(in: asked) == nil && asked[..<journalled].contains(.settle(record.index)))
        let answers = desk.answers(to: 1, in: desk.settle())
        guard case .changed(_, record, _, _)? = answers.first else { return #expect(Bool(false), "\(answers)") }
        #expect(try desk.make("f", by: 1, durably: true).contains { if case .answer(_, .repeated) = $0 { true } else { false } })
        let refused = try desk.make("f", by: 1, number: 2, durably: true)
        #expect(desk.answer(in: refused) == .refused(.exists))
    }

    @Test("a request that comes again has the same answer, and nothing happens twice")
    func repetition() throws {
        var desk = try Desk()
        guard case .changed(let reply, _, _, _) = try desk.made("f", by: 1) else { return #expect(Bool(false)) }
        let again = try desk.make("f", by: 1)
        #expect(desk.answer(in: again) == nil, "it is not durable yet")
        #expect(desk.answers(to: 1, in: desk.settle()) == [.repeated(reply)])
        #expect(try desk.made("f", by: 1, number: 2) == .refused(.exists))
    }

    @Test("what only the home may do, no session can ask for")
    func rights() throws {
        var desk = try Desk()
        _ = try desk.make("f", by: 1)
        let operations: [Operation] = [
            .discard(first), .place([]), .forget([]), .begin(session(9), node: node(1)), .end(session(2)),
            .resize(capacity: 1, inodeLimit: 1), .reserve(session(2), bytes: 1),
        ]
        for (place, operation) in operations.enumerated() {
            let said = desk.ask(1, .change(operation, slot: 1, number: UInt64(place + 1)))
            #expect(desk.answer(in: said) == .refused(.notPermitted), "\(operation)")
        }
        #expect(desk.reply(to: 7, .space) == .refused(.stale), "of no session")
        #expect(desk.reply(to: 1, .begin(node: node(2))) == .refused(.exists))
        #expect(desk.reply(to: 1, .resume(node: node(2))) == .refused(.notPermitted))
    }

    @Test("a session that is silent is over: what it held is free, and it is told that it is over")
    func silence() throws {
        var desk = try Desk()
        _ = try desk.make("f", by: 1)
        _ = desk.pass(.seconds(6))
        #expect(desk.reply(to: 2, .attributes(first)) == nil)
        let passed = desk.pass(.seconds(4))
        #expect(passed.contains { if case .expel(session(1), _) = $0 { true } else { false } })
        #expect(desk.answers(to: 2, in: passed).count == 1)
        #expect(desk.reply(to: 1, .ping) == .refused(.stale))
        #expect(desk.home.volume.state.session(session(1)) == nil)
    }

    @Test("who lives but does not give back what others wait for, is listened to no more, and over when it must have stopped")
    func stubbornness() throws {
        var desk = try Desk()
        _ = try desk.make("f", by: 1)
        desk.ask(2, .attributes(first))
        var answered: [Int] = []
        var expelled: [Int] = []
        for round in 1...12 {
            let passed = desk.pass(.seconds(4))
            if !desk.answers(to: 2, in: passed).isEmpty { answered.append(round) }
            if passed.contains(where: { if case .expel(session(1), _) = $0 { true } else { false } }) { expelled.append(round) }
            let isOver = !expelled.isEmpty
            #expect(desk.reply(to: 1, .ping) == (isOver ? .refused(.stale) : .done))
            #expect(desk.reply(to: 1, .resume(node: node(1))) == .refused(.stale) || !isOver)
            desk.ask(2, .ping)
        }
        // 30 s to give back, then 10 s since it was heard last, at 28 s.
        #expect(expelled == [8, 10] && answered == [10])
        #expect(desk.home.volume.state.session(session(1)) == nil && desk.home.volume.state.session(session(2)) != nil)
    }
}
