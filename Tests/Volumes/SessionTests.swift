import Resources
import Testing
import Volumes

@Suite("Sessions of a volume")
struct SessionTests {
    private func began() -> Volume<MemoryState> {
        var volume = Volume(capacity: 100)
        for number in 1...2 { volume.perform(.begin(session(UInt64(number)), node: node(1))) }
        return volume
    }

    private func origin(_ number: UInt64, slot: UInt16 = 0, of id: UInt64 = 1) -> Record.Origin {
        Record.Origin(session: session(id), slot: slot, number: number)
    }

    @Test("a request that comes again has the answer that it had, and is not carried out twice")
    func repetition() throws {
        var volume = began()
        let new = NewInode(
            parent: .root, name: try FileName("f"), number: volume.state.header.nextInode, kind: .regular, permissions: 0,
            owner: 0,
            group: 0)
        let first = volume.perform(.make(new), from: origin(1))
        let before = volume.snapshot
        #expect(volume.perform(.make(new), from: origin(1)) == first)
        #expect(volume.snapshot == before)
        #expect(volume.perform(.make(new), from: origin(2)) == .failure(.exists), "another request")
        #expect(volume.perform(.make(new), from: origin(1, of: 2)) == .failure(.exists), "of another session")
    }

    @Test("a request that is older than the last in its slot, in no slot, or of a session that is over is refused")
    func order() throws {
        var volume = began()
        volume.perform(.resize(capacity: 200, inodeLimit: 10), from: origin(2))
        #expect(volume.perform(.resize(capacity: 300, inodeLimit: 10), from: origin(1)) == .failure(.protocolFault))
        #expect(volume.perform(.resize(capacity: 300, inodeLimit: 10), from: origin(3, slot: 64)) == .failure(.protocolFault))
        volume.perform(.end(session(1)))
        #expect(volume.perform(.resize(capacity: 300, inodeLimit: 10), from: origin(3)) == .failure(.stale))
        #expect(volume.state.header.capacity == 200)
    }

    @Test("what is promised to one session is nobody else's, is used up by what it writes, and is free when it ends")
    func promises() throws {
        var volume = began()
        let file = try volume.make("f").number
        #expect(try volume.perform(.reserve(session(1), bytes: 80)).get() == .done)
        #expect(volume.perform(.reserve(session(2), bytes: 21)) == .failure(.noSpace))
        #expect(volume.write(21, to: file, block: block(1), from: origin(1, of: 2)) == .failure(.noSpace))
        _ = try volume.write(30, to: file, block: block(2), promised: 30, from: origin(1)).get()
        #expect(volume.state.session(session(1))?.reserved == 50 && volume.state.header.free == 20)
        // What replaces something needs no room, and gives back what was promised for it.
        _ = try volume.write(30, to: file, block: block(3), promised: 30, from: origin(2)).get()
        #expect(volume.state.session(session(1))?.reserved == 20 && volume.state.header.free == 50)
        volume.perform(.reserve(session(1), bytes: -5))
        #expect(volume.state.header.free == 55)
        volume.perform(.end(session(1)))
        #expect(volume.state.header.free == 70 && volume.state.header.reserved == 0)
        #expect(volume.faults() == [])
    }

    @Test("a promise holds when the volume is made smaller")
    func shrinking() throws {
        var volume = began()
        let file = try volume.make("f").number
        volume.perform(.reserve(session(1), bytes: 80))
        volume.perform(.resize(capacity: 10, inodeLimit: 10))
        _ = try volume.write(80, to: file, block: block(1), promised: 80, from: origin(1)).get()
        #expect(volume.write(1, at: 80, to: file, block: block(2), from: origin(2)) == .failure(.noSpace))
        #expect(volume.perform(.reserve(session(1), bytes: 1)) == .failure(.noSpace))
        #expect(volume.faults() == [])
    }
}
