import Resources
import Testing
import Volumes

@testable import VolumeStore

@Suite("A volume's home on its database")
struct HomeTests {
    private let now = Moment(boot: BootID("b"), instant: Instant(microseconds: 0), utc: Timestamp(microseconds: 0))

    /// Asks the home and does what it says.
    ///
    /// - Returns: what it answered.
    private func ask(
        _ request: HomeRequest, _ number: UInt64, _ home: inout VolumeHome<SQLiteState>, _ database: VolumeDatabase
    ) throws -> [HomeAnswer] {
        let directives = home.receive(request, RequestKey(session: session(1), number: number), at: now)
        for case .journal(let record) in directives { try database.enter(record) }
        try database.check()
        return directives.compactMap { if case .answer(_, let answer) = $0 { answer } else { nil } }
    }

    @Test("what it carries out is in the journal, lasts once that is durable, and is there for the home that begins after it")
    func home() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("volume")
        try Beginning.create(path)
        do {
            let database = try VolumeDatabase(directory: path, volume: volumeID)
            var home = VolumeHome(database.volume, epoch: 2, at: now)
            _ = try ask(.begin(node: node(1)), 1, &home, database)
            for (number, name) in ["a", "b", "a"].enumerated() {
                let make = HomeRequest.change(.make(try .file(name, 0)), slot: 0, number: UInt64(number + 1))
                _ = try ask(make, UInt64(number + 2), &home, database)
            }
            #expect(database.applied == 3, "the second 'a' is no record")
            #expect(try ask(.synchronize(record: 3), 9, &home, database) == [])
            try database.journal.awaitDurable(3)
            let told = home.becomeDurable(3)
            #expect(told.contains(.answer(RequestKey(session: session(1), number: 9), .done)))
        }
        let database = try VolumeDatabase(directory: path, volume: volumeID)
        #expect(database.applied == 3 && database.header.epoch == 2)
        let home = VolumeHome(database.volume, epoch: 3, at: now)
        #expect(home.volume.state.session(session(1))?.node == node(1))
        #expect(home.volume.state.entries(in: .root, after: nil, limit: 9).map(\.name.description) == ["a", "b"])
    }
}
