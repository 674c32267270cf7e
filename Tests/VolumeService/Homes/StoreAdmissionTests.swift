import Resources
import Synchronization
import Testing
import Volumes

@testable import VolumeService

/// Who may use the stores of a volume, as they are told.
@Suite("Admission to stores", .timeLimit(.minutes(1)))
struct StoreAdmissionTests {
    private static func node(_ number: UInt64) -> NodeID { NodeID(high: 1, low: number) }

    private static func place(_ number: UInt64) -> StorePlace {
        StorePlace(StoreCondition(node(number), free: 1 << 30), host: "127.0.0.1", port: 1)
    }

    /// What stores were asked, and the answers that are still due.
    private final class Stores: Sendable {
        struct Asked: Sendable {
            let store: NodeID
            let nodes: [NodeID]
            let heirs: [NodeID]
            let answer: @Sendable (Bool) -> Void
        }

        let asked = Mutex<[Asked]>([])
        var due: [Asked] {
            asked.withLock { asked in
                defer { asked = [] }
                return asked
            }
        }

        func admission(heirs: [NodeID] = []) -> StoreAdmission {
            StoreAdmission(home: StoreAdmissionTests.node(1), nodes: [], heirs: heirs) { nodes, heirs, place, answer in
                self.asked.withLock { $0.append(Asked(store: place.node, nodes: nodes, heirs: heirs, answer: answer)) }
            }
        }
    }

    @Test("Who may take the volume over from a new home is known to stores with the first that they hear of it")
    func firstHeirs() {
        let stores = Stores()
        let admission = stores.admission(heirs: [Self.node(4)])
        admission.meet([Self.place(2)])
        #expect(stores.due.map(\.heirs) == [[Self.node(1), Self.node(4)]])
    }

    @Test("Heirs are made known once all stores know of them")
    func heirs() {
        let (stores, isKnown) = (Stores(), Flag())
        let admission = stores.admission()
        admission.meet([Self.place(2), Self.place(3)])
        for asked in stores.due { asked.answer(true) }
        admission.name(heirs: [Self.node(4)]) { isKnown.set() }
        let due = stores.due
        #expect(due.map(\.store).sorted() == [Self.node(2), Self.node(3)])
        #expect(due.allSatisfy { $0.heirs == [Self.node(1), Self.node(4)] && $0.nodes == [Self.node(1), Self.node(4)] })
        due[0].answer(true)
        #expect(!isKnown.isSet)
        due[1].answer(true)
        #expect(isKnown.isSet)
    }

    @Test("A session begins once all stores know of its node; one that failed is told again")
    func sessions() {
        let (stores, isAdmitted) = (Stores(), Flag())
        let admission = stores.admission()
        admission.meet([Self.place(2)])
        for asked in stores.due { asked.answer(true) }
        admission.come(Self.node(5)) { isAdmitted.set() }
        for asked in stores.due { asked.answer(false) }
        #expect(!isAdmitted.isSet)
        admission.tell()
        let again = stores.due
        #expect(again.map(\.nodes) == [[Self.node(1), Self.node(5)]])
        for asked in again { asked.answer(true) }
        #expect(isAdmitted.isSet)
    }

    @Test("Who has left is not let in any more, and the home always is")
    func leaving() {
        let stores = Stores()
        let admission = stores.admission()
        admission.meet([Self.place(2)])
        for asked in stores.due { asked.answer(true) }
        admission.come(Self.node(5)) {}
        for asked in stores.due { asked.answer(true) }
        admission.leave(Self.node(5))
        admission.leave(Self.node(1))
        #expect(stores.due.map(\.nodes) == [[Self.node(1)]])
    }

    private final class Flag: Sendable {
        private let value = Mutex(false)
        var isSet: Bool { value.withLock(\.self) }
        func set() { value.withLock { $0 = true } }
    }
}
