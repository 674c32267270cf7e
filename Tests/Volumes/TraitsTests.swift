import Resources
import Testing
import Volumes

@Suite("What a volume is made with")
struct TraitsTests {
    @Test("sessions are told name, copies and key as they are")
    func told() throws {
        let traits = VolumeTraits(name: "v1", copies: 3, key: Array(0..<32))
        var state = MemoryState()
        Volume.found(
            in: &state, traits, capacity: 9, inodeLimit: 9, owner: 0, group: 0, at: FileTime(rawValue: 0),
            home: node(1))
        let identity = HomeIdentity(epoch: 1, applied: 2, durable: 3, stamp: 4, term: .seconds(5), traits: state.header.traits)
        for answer in [HomeAnswer.began(identity, isRecovering: true), .space(state.header)] {
            #expect(try HomeAnswer(code: answer.code, encoded: answer.encoded) == answer)
        }
        #expect(state.header.membership == JournalMembership(JournalSet(home: node(1), backups: [])))
    }

    @Test(
        "names are short, and of plain characters",
        arguments: ["", "-x", ".x", "a b", "a/b", "ä", String(repeating: "n", count: 65)])
    func badNames(name: String) { #expect(VolumeTraits.fault(inName: name) != nil) }

    @Test("names are taken that are short and plain", arguments: ["a", "0", "a.b_c-d", String(repeating: "n", count: 64)])
    func goodNames(name: String) { #expect(VolumeTraits.fault(inName: name) == nil) }
}
