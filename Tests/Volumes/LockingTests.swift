import Resources
import Testing
import Volumes

/// A home, and sessions that lock files through it.
private struct Locksmith {
    var home: VolumeHome<MemoryState>
    let now = Moment(boot: BootID("b"), instant: Instant(microseconds: 1), utc: Timestamp(microseconds: 1))
    private var number: UInt64 = 0
    /// Waits that were said to have ended with the lock.
    private(set) var granted: [UInt64] = []

    init(epoch: UInt64 = 1, _ volume: Volume<MemoryState> = Volume(), sessions: UInt64 = 3) {
        home = VolumeHome(volume, epoch: epoch, at: now)
        guard volume.state.allSessions.isEmpty else { return }
        for id in 1...sessions { _ = ask(id, .begin(node: node(id))) }
    }

    mutating func ask(_ id: UInt64, _ request: HomeRequest) -> HomeAnswer? {
        number += 1
        let message = HomeMessage(request, of: session(id), volume: VolumeID(high: 1, low: 1))
        #expect((try? HomeMessage(code: request.code, encoded: message.encoded)) == message)
        var answers: [HomeAnswer] = []
        for directive in home.receive(request, RequestKey(session: session(id), number: number), at: now) {
            switch directive {
            case .answer(let key, let answer) where key.number == number: answers.append(answer)
            case .lockGranted(let wait, let session):
                let notice = LockNotice(session: session, wait: wait)
                #expect((try? LockNotice(encoded: notice.encoded)) == notice)
                granted.append(wait)
            default: break
            }
        }
        for answer in answers { #expect((try? HomeAnswer(code: answer.code, encoded: answer.encoded)) == answer) }
        return answers.first
    }

    static func claim(
        _ owner: UInt64, _ range: ClosedRange<UInt64> = 0...UInt64.max, kind: LockKind = .bytes, exclusive: Bool = true
    ) -> LockClaim {
        LockClaim(LockPlace(.root, kind, owner: owner, range: range), isExclusive: exclusive, process: Int32(owner))
    }
}

@Suite("Locks through the home of a volume")
struct LockingTests {
    private typealias Claim = LockClaim

    @Test("who waits is told once it has the lock, by the name of its wait, and who asks again goes on waiting")
    func waiting() {
        var smith = Locksmith()
        let claim = Locksmith.claim(1, 0...9)
        #expect(smith.ask(1, .lock(claim, wait: nil)) == .done)
        #expect(smith.ask(2, .lock(claim, wait: nil)) == .refused(.tryAgain))
        #expect(smith.ask(2, .lock(claim, wait: 7)) == .waits && smith.ask(2, .lock(claim, wait: 7)) == .waits)
        #expect(smith.ask(2, .lockConflict(claim)) == .lockConflict(claim))
        #expect(smith.ask(1, .unlock(claim.place)) == .done)
        #expect(smith.granted == [7])
        // The notice may be lost: it is asked for again.
        #expect(smith.ask(2, .lock(claim, wait: 7)) == .done)
        #expect(smith.ask(1, .lockConflict(Locksmith.claim(1, 10...20))) == .lockConflict(nil))
    }

    @Test("who gives up waits no more; who has the lock by then is told so")
    func givingUp() {
        var smith = Locksmith()
        let claim = Locksmith.claim(1)
        _ = smith.ask(1, .lock(claim, wait: nil))
        #expect(smith.ask(2, .lock(claim, wait: 1)) == .waits && smith.ask(3, .lock(claim, wait: 2)) == .waits)
        #expect(smith.ask(2, .giveUp(wait: 2)) == .refused(.noEntry), "of another session")
        #expect(smith.ask(2, .giveUp(wait: 1)) == .done)
        _ = smith.ask(1, .unlock(claim.place))
        #expect(smith.granted == [2])
        #expect(smith.ask(3, .giveUp(wait: 2)) == .refused(.noEntry))
    }

    @Test("a wait of byte ranges that would never end is refused; who wants a whole file otherwise gives it back first")
    func deadlock() {
        var smith = Locksmith()
        for (id, place) in [(UInt64(1), UInt64(1)), (2, 2)] {
            _ = smith.ask(id, .lock(Locksmith.claim(id, place...place), wait: nil))
        }
        #expect(smith.ask(1, .lock(Locksmith.claim(1, 2...2), wait: 1)) == .waits)
        #expect(smith.ask(2, .lock(Locksmith.claim(2, 1...1), wait: 2)) == .refused(.deadlock))
        func whole(_ owner: UInt64, _ isExclusive: Bool) -> LockClaim {
            Locksmith.claim(owner, kind: .wholeFile, exclusive: isExclusive)
        }
        for id in [UInt64(1), 2] { #expect(smith.ask(id, .lock(whole(id, false), wait: nil)) == .done) }
        #expect(smith.ask(1, .lock(whole(1, true), wait: 3)) == .waits)
        #expect(smith.ask(2, .lock(whole(2, true), wait: 4)) == .waits && smith.granted == [3])
    }

    @Test("what was exclusive and is shared now, who waits to share has at once")
    func sharing() {
        var smith = Locksmith()
        _ = smith.ask(1, .lock(Locksmith.claim(1), wait: nil))
        #expect(smith.ask(2, .lock(Locksmith.claim(2, exclusive: false), wait: 5)) == .waits)
        #expect(smith.ask(1, .lock(Locksmith.claim(1, exclusive: false), wait: nil)) == .done)
        #expect(smith.granted == [5])
    }

    @Test("locks end with their session, and only what has an inode is locked")
    func ending() {
        var smith = Locksmith()
        _ = smith.ask(1, .lock(Locksmith.claim(1), wait: nil))
        #expect(smith.ask(2, .lock(Locksmith.claim(2), wait: 9)) == .waits)
        _ = smith.ask(1, .end)
        #expect(smith.granted == [9])
        let nowhere = LockClaim(LockPlace(InodeNumber(rawValue: 99), .bytes, owner: 1), isExclusive: true, process: 1)
        #expect(smith.ask(2, .lock(nowhere, wait: nil)) == .refused(.stale))
    }

    @Test("a home that begins again gives no lock before it knows those that there are")
    func recovery() {
        var before = Locksmith(sessions: 2)
        var locks = SessionLocks()
        let claim = Locksmith.claim(1, 5...9)
        #expect(before.ask(1, .lock(claim, wait: nil)) == .done)
        locks.note(claim)
        var smith = Locksmith(epoch: 2, before.home.volume)
        for id in [UInt64(1), 2] { _ = smith.ask(id, .resume(node: node(id))) }
        _ = smith.ask(2, .reclaimed)
        #expect(smith.ask(2, .lock(claim, wait: nil)) == nil, "it waits for what the other one tells")
        #expect(smith.ask(1, .reclaimLocks(locks.claims)) == .done)
        #expect(smith.ask(1, .reclaimLocks([Locksmith.claim(1, kind: .wholeFile)])) == .done)
        #expect(smith.ask(1, .reclaimed) == .recovered([]))
        #expect(smith.ask(2, .lock(claim, wait: nil)) == .refused(.tryAgain))
        #expect(smith.ask(2, .lock(Locksmith.claim(2, 0...4), wait: nil)) == .done)
        #expect(smith.ask(1, .reclaimLocks([])) == .refused(.stale), "it is over")
    }

    @Test("a session knows what it has, by kind, owner and file")
    func ownLocks() {
        var locks = SessionLocks()
        locks.note(Locksmith.claim(1, 0...9))
        locks.note(Locksmith.claim(1, 10...19))
        locks.note(Locksmith.claim(2, kind: .wholeFile))
        #expect(locks.claims == [Locksmith.claim(1, 0...19), Locksmith.claim(2, kind: .wholeFile)])
        locks.drop(LockPlace(.root, .bytes, owner: 1, range: 5...30))
        #expect(locks.claims.first == Locksmith.claim(1, 0...4))
        #expect(locks.has(.bytes, of: 1, on: .root) && !locks.has(.bytes, of: 2, on: .root))
    }

    @Test("a lock that ends before it begins, or on part of a whole file, makes no sense")
    func malformed() {
        let part = LockPlace(.root, .wholeFile, owner: 1, range: 1...2)
        let message = HomeMessage(.unlock(part), of: session(1), volume: VolumeID(high: 1, low: 1))
        #expect(throws: MalformedMessage.self) { try HomeMessage(code: message.request.code, encoded: message.encoded) }
        var bytes = HomeMessage(
            .unlock(LockPlace(.root, .bytes, owner: 1, range: 1...2)), of: session(1), volume: VolumeID(high: 1, low: 1)
        ).encoded
        bytes[bytes.count - 1] = 0
        #expect(throws: MalformedMessage.self) { try HomeMessage(code: HomeRequest.unlock(part).code, encoded: bytes) }
    }
}

@Suite("A home that was held up, or began again")
struct HomeStandstillTests {
    private func now(_ seconds: Int64) -> Moment {
        Moment(boot: BootID("b"), instant: Instant(microseconds: seconds * 1_000_000), utc: Timestamp(microseconds: 1))
    }

    @Test("sessions are not over because the home itself was held up, and those that have to tell something have the time again")
    func excuse() {
        var home = VolumeHome(Volume(), epoch: 1, at: now(0))
        _ = home.receive(.begin(node: node(1)), RequestKey(session: session(1), number: 1), at: now(0))
        home.excuseSilence(at: now(100).instant)
        _ = home.tick(now(109))
        #expect(home.volume.state.session(session(1)) != nil)
        var next = VolumeHome(home.volume, epoch: 2, at: now(200))
        next.excuseSilence(at: now(300).instant)
        _ = next.tick(now(309))
        #expect(next.volume.state.session(session(1)) != nil)
        _ = next.tick(now(310))
        #expect(next.volume.state.session(session(1)) == nil)
    }

    @Test("a node is said to have left when its last session is over")
    func left() {
        var home = VolumeHome(Volume(), epoch: 1, at: now(0))
        func end(_ id: UInt64) -> [HomeDirective] {
            home.receive(.end, RequestKey(session: session(id), number: 9), at: now(1))
        }
        for id in 1...2 as ClosedRange<UInt64> {
            _ = home.receive(.begin(node: node(7)), RequestKey(session: session(id), number: 1), at: now(0))
        }
        #expect(!end(1).contains(.left(node(7))) && end(2).contains(.left(node(7))))
    }

    @Test("no number and no stamp of a home before is given again, though it was lost with it")
    func numbers() throws {
        var home = VolumeHome(Volume(), epoch: 1, at: now(0))
        _ = home.receive(.begin(node: node(1)), RequestKey(session: session(1), number: 1), at: now(0))
        let durable = home.volume
        func make(_ home: inout VolumeHome<MemoryState>, _ number: UInt64) throws -> (Inode, [LeaseGrant]) {
            let new = NewInode(
                parent: .root, name: try FileName("f"), number: InodeNumber(rawValue: 0), kind: .regular, permissions: 0,
                owner: 0,
                group: 0)
            let directives = home.receive(
                .change(.make(new), slot: 0, number: number), RequestKey(session: session(1), number: number + 1), at: now(1))
            for case .answer(_, .changed(.inode(let inode), _, let grants, _)) in directives { return (inode, grants) }
            throw PosixError.protocolFault
        }
        let (lost, grants) = try make(&home, 1)
        var next = VolumeHome(durable, epoch: 2, at: now(0))
        for request in [HomeRequest.resume(node: node(1)), .reclaimed] {
            _ = next.receive(request, RequestKey(session: session(1), number: 1), at: now(1))
        }
        let (made, later) = try make(&next, 2)
        #expect(made.number > lost.number)
        #expect(later.map(\.stamp).min() ?? 0 > grants.map(\.stamp).max() ?? .max)
    }
}
