import Resources
import Testing
import Volumes

@Suite("Records that no session asks for")
struct HomeUpkeepTests {
    private let now = Moment(boot: BootID("b"), instant: Instant(microseconds: 0), utc: Timestamp(microseconds: 5))

    @Test("what keeps a volume whole is written by the home itself, and a refusal changes nothing")
    func upkeep() throws {
        var home = VolumeHome(Volume(), epoch: 3, at: now)
        let directives = try home.carryOut(.advance, at: now)
        guard case .journal(let record)? = directives.first else { return #expect(Bool(false), "\(directives)") }
        #expect((record.index, record.epoch, record.operation) == (1, 3, .advance) && record.origin == nil)
        #expect(home.volume.state.header.generation == 2)
        #expect(throws: PosixError.invalid) {
            try home.carryOut(.place([BlockPlacement(block: block(1), replicas: [])]), at: now)
        }
        #expect(home.volume.state.header.applied == 1)
    }

    @Test("what sessions ask for or cause is not written so")
    func rights() {
        var home = VolumeHome(Volume(), epoch: 3, at: now)
        for operation in [.discard(.root), .end(session(1)), .punch(.root, 0..<1)] as [Volumes.Operation] {
            #expect(throws: PosixError.notPermitted) { try home.carryOut(operation, at: now) }
        }
        #expect(home.volume.state.header.applied == 0)
    }

    @Test("which nodes keep the journal stands in the state from the record on that says so")
    func membership() throws {
        var home = VolumeHome(Volume(), epoch: 3, at: now)
        let next = JournalMembership(JournalSet(home: node(1), backups: [node(2)]))
        _ = try home.carryOut(.appoint(next), at: now)
        #expect(home.volume.state.header.membership == next)
    }
}
