import Resources
import Testing
import Wire

@testable import Agent

@Suite("Volumes of a pool")
struct VolumeTests {
    private static func node(_ number: UInt64) -> NodeID { NodeID(high: 1, low: number) }

    static func kept(
        _ volume: UInt64 = 1, name: String = "media", home: UInt64 = 1, epoch: UInt64 = 1, isInCharge: Bool = false,
        used: Bytes = 7
    ) -> KeptVolume {
        KeptVolume(
            volume: VolumeID(high: 1, low: volume), name: name, home: node(home), backups: [node(2), node(3)], epoch: epoch,
            isInCharge: isInCharge, copies: 2, size: .gibibytes(1), used: used, health: isInCharge ? .healthy : nil)
    }

    // MARK: Who knows what

    @Test("What is told of the highest epoch holds, in whatever order it is told; an old home that wakes up is not believed")
    func epochs() {
        let old = PoolVolumes.Told(node: Self.node(1), volumes: [Self.kept(home: 1, epoch: 4, isInCharge: true)])
        let new = PoolVolumes.Told(node: Self.node(2), volumes: [Self.kept(home: 2, epoch: 5, isInCharge: true, used: 9)])
        let backup = PoolVolumes.Told(node: Self.node(3), volumes: [Self.kept(home: 1, epoch: 4)])
        for told in [[old, new, backup], [backup, new, old], [new, backup, old]] {
            let known = KnownVolume.joined(told)
            #expect(known == [KnownVolume(kept: new.volumes[0], isReachable: true)])
        }
    }

    @Test("Within an epoch the home knows best; neither backups make it reachable, nor who only says that it is the home")
    func home() {
        let home = PoolVolumes.Told(node: Self.node(1), volumes: [Self.kept(isInCharge: true, used: 9)])
        let backup = PoolVolumes.Told(node: Self.node(2), volumes: [Self.kept()])
        let liar = PoolVolumes.Told(node: Self.node(3), volumes: [Self.kept(isInCharge: true, used: 1)])
        #expect(KnownVolume.joined([backup, home, liar]).map(\.kept.used) == [9])
        #expect(KnownVolume.joined([backup]).map(\.isReachable) == [false])
        #expect(KnownVolume.joined([liar]).map(\.isReachable) == [false])
    }

    @Test("Volumes come in the order of their names, each once")
    func order() {
        let told = [
            PoolVolumes.Told(
                node: Self.node(1), volumes: [Self.kept(2, name: "b"), Self.kept(3, name: "a"), Self.kept(1, name: "b")])
        ]
        #expect(KnownVolume.joined(told + told).map(\.kept.volume.low) == [3, 1, 2])
    }

    // MARK: What is meant

    private static let known = PoolVolumes(
        volumes: [kept(1, name: "a"), kept(2, name: "b"), kept(3, name: "b")].map { KnownVolume(kept: $0, isReachable: true) },
        unheard: [])

    private static func find(_ text: String, in volumes: PoolVolumes = known) throws -> UInt64 {
        try volumes.find(text) { "n\($0.low)" }.kept.volume.low
    }

    @Test("A volume is meant by its id, or by a name that only one has")
    func found() throws {
        #expect(try Self.find("a") == 1)
        #expect(try Self.find(VolumeID(high: 1, low: 3).description) == 3)
        let error = #expect(throws: FieldError.self) { try Self.find("b") }
        #expect(error?.description.contains("2 are called so: give the id instead") == true)
    }

    @Test("What is not there is bad usage, unless somebody who may have it could not be asked")
    func missing() {
        #expect(throws: FieldError("volume", "is 'c', which no node of this pool keeps: see 'surplus volume list'")) {
            try Self.find("c")
        }
        let partial = PoolVolumes(volumes: Self.known.volumes, unheard: [Self.node(7)])
        let refusal = #expect(throws: Refusal.self) { try Self.find("c", in: partial) }
        #expect(refusal?.reason.contains("n7 could not be asked") == true)
    }

    // MARK: Messages

    @Test("What a node keeps comes over the wire as it was")
    func message() throws {
        for health in VolumeHealth.allCases.map(Optional.some) + [nil] {
            var kept = Self.kept(isInCharge: true)
            kept.health = health
            #expect(try KeptVolume(Surplus_V1_KeptVolume(kept)) == kept)
        }
    }

    @Test("A peer that tells nonsense of a volume is refused, with the field")
    func nonsense() {
        func fault(_ change: (inout Surplus_V1_KeptVolume) -> Void) -> String? {
            var message = Surplus_V1_KeptVolume(Self.kept())
            change(&message)
            return #expect(throws: FieldError.self) { try KeptVolume(message) }?.field
        }
        #expect(fault { $0.volume = "media" } == "volume")
        #expect(fault { $0.name = "a\u{1B}[2J" } == "name")
        #expect(fault { $0.name = String(repeating: "a", count: 65) } == "name")
        #expect(fault { $0.home = "" } == "home")
        #expect(fault { $0.backups = ["nde_1"] } == "backups")
        #expect(fault { $0.backups = Array(repeating: Self.node(1).description, count: 17) } == "backups")
        #expect(fault { $0.copies = 0 } == "copies")
        #expect(fault { $0.copies = 9 } == "copies")
        #expect(fault { $0.sizeBytes = -1 } == "size_bytes")
        #expect(fault { $0.usedBytes = .max } == "used_bytes")
    }

    @Test("A volume is as well as the block of which there is least")
    func health() {
        let some = VolumeRisk.Part(blocks: 1, bytes: 1)
        var risk = VolumeRisk()
        #expect(risk.health == .healthy)
        risk.isSurveyed = false
        #expect(risk.health == .mending)
        risk.isSurveyed = true
        risk.damagedCopies = 1
        #expect(risk.health == .mending)
        risk.lacking = some
        #expect(risk.health == .mending)
        risk.single = some
        #expect(risk.health == .atRisk)
        risk.lost = some
        #expect(risk.health == .damaged)
    }
}
