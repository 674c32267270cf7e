import Resources
import Testing
import Volumes

@Suite("Which records two journals have in common")
struct JournalOutlineTests {
    private func outline(_ epochs: [UInt64], trimmed: Int = 0) -> JournalOutline {
        var outline = JournalOutline()
        for (place, epoch) in epochs.enumerated() { outline.append(LogPosition(index: UInt64(place) + 1, epoch: epoch)) }
        outline.trim(through: UInt64(trimmed))
        return outline
    }

    @Test("histories part where their epochs do, and not before")
    func agreement() {
        let long = outline([1, 1, 2, 2, 5])
        #expect(long.agreement(with: outline([1, 1, 2])) == 3)
        #expect(long.agreement(with: outline([1, 1, 3, 3, 3, 3])) == 2)
        #expect(long.agreement(with: outline([1, 1, 2, 2, 4, 4])) == 4)
        #expect(long.agreement(with: outline([4])) == 0)
        #expect(long.agreement(with: long) == 5)
    }

    @Test("what neither or only one of them keeps is not compared")
    func trimmed() {
        let long = outline([1, 1, 2, 2, 5], trimmed: 4)
        #expect(long.agreement(with: outline([1, 1, 2, 2, 4])) == 4, "the last that was trimmed counts")
        #expect(long.agreement(with: outline([1, 1, 2])) == nil)
        #expect(long.agreement(with: outline([1, 1, 3, 3, 3])) == nil)
        #expect(long.agreement(with: JournalOutline(after: LogPosition(index: 9, epoch: 5))) == nil)
    }

    @Test("an outline is that of the records that are there", arguments: 0..<50 as Range<UInt64>)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (records, outline, trimmed) = ([UInt64](), JournalOutline(), 0)
        for _ in 0..<200 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                let index = Int.random(in: trimmed...records.count, using: &random)
                records.removeLast(records.count - index)
                outline.truncate(after: UInt64(index))
            case 1:
                trimmed = Int.random(in: trimmed...records.count, using: &random)
                outline.trim(through: UInt64(trimmed))
            default:
                records.append((records.last ?? 1) + UInt64(Int.random(in: 0..<4, using: &random) / 3))
                outline.append(LogPosition(index: UInt64(records.count), epoch: records[records.count - 1]))
            }
            for index in 0...records.count + 1 {
                let epoch = index == 0 ? 1 : index <= records.count ? records[index - 1] : 0
                let expected = (trimmed...records.count).contains(index) ? epoch : nil
                #expect(outline.position(of: UInt64(index))?.epoch == expected)
            }
        }
    }
}

@Suite("Who may become the home")
struct TakeoverTests {
    private let set = JournalSet(home: node(1), backups: [node(2), node(3)])
    private let start = Instant(microseconds: 0)

    private func replica(_ number: UInt64, records: UInt64, epoch: UInt64 = 1) -> JournalReplica {
        var log = JournalLog(membership: JournalMembership(set))
        for index in 1..<records + 1 {
            log.append(Record(index: index, epoch: epoch, time: FileTime(rawValue: Int64(index)), operation: .advance))
        }
        return JournalReplica(node(number), log.found())
    }

    private func report(_ number: UInt64, records: UInt64, epoch: UInt64 = 1) -> JournalReport {
        replica(number, records: records, epoch: epoch).report
    }

    /// What a node comes to that hears of some others.
    private func attempt(_ own: JournalReplica, _ others: [UInt64: JournalReport]) -> [JournalDirective] {
        var own = own
        var directives = own.takeOver(backups: set.backups, round: 1, at: start)
        for (number, report) in others.sorted(by: { $0.key < $1.key }) {
            directives += own.receive(.surveyed(round: 1, report), from: node(number), at: start)
        }
        return directives + own.tick(at: start + .seconds(6))
    }

    @Test("a backup takes over when it has heard of the home, or of all other backups, and changes nothing before")
    func quorums() {
        let own = replica(2, records: 5)
        #expect(attempt(own, [3: report(3, records: 5)]).contains(.begin(epoch: 2)))
        #expect(attempt(own, [1: report(1, records: 5)]).contains(.begin(epoch: 2)))
        let refused = attempt(own, [:])
        #expect(!refused.contains(.begin(epoch: 2)))
        #expect(refused.contains(.refused(.unheard([node(1), node(3)], of: set))))
    }

    @Test("without backups that have left for good the home goes on alone, and nobody else does because of that")
    func expelled() {
        var (home, backup) = (replica(1, records: 5), replica(2, records: 5))
        #expect(home.expel([node(2)], at: start).isEmpty)
        #expect(!attempt(home, [:]).contains(.begin(epoch: 2)), "one is left that may have taken over")
        _ = home.expel([node(2), node(3)], at: start)
        #expect(attempt(home, [:]).contains(.begin(epoch: 2)))
        _ = backup.expel([node(1), node(3)], at: start)
        #expect(!attempt(backup, [:]).contains(.begin(epoch: 2)), "the home may have what this one lacks")
    }

    @Test("a home answers, and makes things durable, once all its backups have left for good")
    func expelledFromHome() {
        var home = replica(1, records: 5)
        _ = home.takeOver(backups: nil, isContinuing: true, round: 1, at: start)
        _ = home.receive(.surveyed(round: 1, report(2, records: 5)), from: node(2), at: start)
        _ = home.didBegin(2, at: start)
        _ = home.receive(.promised(epoch: 2, report(2, records: 5)), from: node(2), at: start)
        let first = Record(index: 6, epoch: 2, time: FileTime(rawValue: 6), operation: .advance)
        _ = home.append([first], at: start)
        #expect(!home.didSync(through: 6, at: start).contains(.durable(through: 6)))
        #expect(!home.isInCharge(at: start))
        #expect(!home.expel([node(3)], at: start).contains(.durable(through: 6)))
        #expect(home.expel([node(2), node(3)], at: start).contains(.durable(through: 6)))
        #expect(home.isInCharge(at: start + .hours(1)))
    }

    @Test("a node that does not keep the journal does not take over")
    func strangers() {
        #expect(
            attempt(replica(4, records: 0), [:]) == [.refused(.notMember(node(4), set))].then(.survey(round: 1), to: set.nodes))
    }

    @Test("who takes over first fetches what others have, in place of what they have not")
    func fetching() throws {
        var own = replica(2, records: 5)
        _ = own.takeOver(backups: [], round: 1, at: start)
        _ = own.receive(.surveyed(round: 1, report(3, records: 7)), from: node(3), at: start)
        #expect(own.didBegin(2, at: start).contains(.send(.promise(epoch: 2), to: node(3), through: nil)))
        let wanted = own.receive(.promised(epoch: 2, report(3, records: 7)), from: node(3), at: start)
        #expect(wanted == [.send(.read(epoch: 2, after: LogPosition(index: 5, epoch: 1)), to: node(3), through: nil)])
        let records = (6...7).map { Record(index: $0, epoch: 1, time: FileTime(rawValue: Int64($0)), operation: .advance) }
        let batch = JournalBatch(after: LogPosition(index: 5, epoch: 1), records)
        #expect(own.receive(.fetched(epoch: 2, batch), from: node(3), at: start) == [.write(records)])
        let next = JournalMembership(JournalSet(home: node(2), backups: []), outgoing: [set])
        #expect(own.didSync(through: 7, at: start).first == .appoint(next))
        #expect(own.writingEpoch == 2)
    }

    @Test("the home before is left out of the new set unless it is named", arguments: [[], [1], [1, 3]] as [[UInt64]?] + [nil])
    func backups(named: [UInt64]?) {
        var own = replica(2, records: 5)
        _ = own.takeOver(backups: named?.map(node), round: 1, at: start)
        _ = own.receive(.surveyed(round: 1, report(3, records: 5)), from: node(3), at: start)
        _ = own.didBegin(2, at: start)
        let led = own.receive(.promised(epoch: 2, report(3, records: 5)), from: node(3), at: start)
        let next = JournalSet(home: node(2), backups: (named ?? [3]).map(node))
        #expect(led.contains(.appoint(JournalMembership(next, outgoing: [set]))))
    }

    @Test("where only the home before is heard of it stays as a backup, so that things become durable")
    func onlyHomeHeard() {
        var own = replica(2, records: 5)
        _ = own.takeOver(backups: nil, round: 1, at: start)
        _ = own.receive(.surveyed(round: 1, report(1, records: 5)), from: node(1), at: start)
        _ = own.didBegin(2, at: start)
        let led = own.receive(.promised(epoch: 2, report(1, records: 5)), from: node(1), at: start)
        let next = JournalSet(home: node(2), backups: [node(1), node(3)])
        #expect(led.contains(.appoint(JournalMembership(next, outgoing: [set]))))
    }

    @Test("an epoch is promised once, and what older homes send is refused")
    func promises() {
        var own = replica(2, records: 5)
        #expect(own.receive(.promise(epoch: 3), from: node(3), at: start) == [.begin(epoch: 3)])
        #expect(own.receive(.promise(epoch: 3), from: node(1), at: start) == [.deposed(3, 3, to: node(1))])
        let promised = own.didBegin(3, at: start)
        #expect(promised == [.send(.promised(epoch: 3, own.report), to: node(3), through: nil)])
        let batch = JournalBatch(after: LogPosition(index: 5, epoch: 1))
        let old = JournalMessage.append(epoch: 2, batch, durable: 5, stamp: start)
        #expect(own.receive(old, from: node(1), at: start) == [.deposed(2, 3, to: node(1))])
    }
}

extension JournalDirective {
    fileprivate static func deposed(_ epoch: UInt64, _ current: UInt64, to node: NodeID) -> Self {
        .send(.deposed(epoch: epoch, current: current), to: node, through: nil)
    }
}

extension [JournalDirective] {
    /// Behind a question to some nodes.
    fileprivate func then(_ question: JournalMessage, to nodes: [NodeID]) -> Self {
        nodes.map { .send(question, to: $0, through: nil) } + self
    }
}
