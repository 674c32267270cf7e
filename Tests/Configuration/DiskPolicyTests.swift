import Configuration
import Policy
import Resources
import Testing

@Suite("Disk in policies")
struct DiskPolicyTests {
    private static func read(_ text: String) throws -> PolicyFile { try PolicyFile(bytes: Array(text.utf8), file: "p.yaml") }

    private static let all = """
        name: store
        lend:
          disk:
            keep_free: 20%
            share: 50%
            price: {idle: 0.002 credits, scarce: 0.01 credits}
            floor: 90%
            when: disk.free > 50 GiB
            deferred: {rate: 110%, most: 1000 GiB-hours}
          swap: {takes: {disk: 40 GiB}}
        limits:
          - {for: each peer, most: {disk: 100 GiB}}
        borrow:
          owes: {disk: 500 GiB-hours}
          highest_price: {disk: 0.02 credits}
        """

    @Test("What is kept free is what owner and leases together stay below")
    func read() throws {
        let file = try Self.read(Self.all)
        let policy = file.policy
        #expect(policy.cpu == nil && policy.memory == nil && file.notes.isEmpty)
        #expect(policy.disk?.threshold == .percent(80) && policy.disk?.share == .percent(50))
        #expect(policy.disk?.pricing == Pricing(whenIdle: 2_000, whenScarce: 10_000, floor: .share(.percent(90))))
        #expect(policy.disk?.inKind == InKindRule(rate: .fixed(.percent(110)), most: 1000 * 1024 * 3600))
        #expect(policy.swap?.takes == Amounts(disk: .gibibytes(40)))
        #expect(policy.limits.rules == [LimitRule(.eachPeer, disk: .gibibytes(100))])
        #expect(policy.borrow.owesInKind == Usage(disk: MiBSeconds(500 * 1024 * 3600)))
        #expect(policy.borrow.maximumPrices.disk == 20_000)
        #expect(policy.lendsAnything && policy.conditions.count == 1)
    }

    @Test("An outline spells out what was said of disk, and a policy of that outline's values is the same")
    func outline() throws {
        let settings = PolicyOutline(try Self.read(Self.all).policy).settings.map { "\($0.key)=\($0.value)" }
        for setting in [
            "lend.disk.keep_free=20%", "lend.disk.share=50%", "lend.disk.price.idle=0.002 credits",
            "lend.disk.deferred.most=1000 GiB-hours", "lend.swap.takes.disk=40 GiB", "limits[each peer].most.disk=100 GiB",
            "borrow.owes.disk=500 GiB-hours", "borrow.highest_price.disk=0.02 credits", "lend.disk.when=disk.free > 50 GiB",
        ] {
            #expect(settings.contains(setting), "\(setting) of \(settings.joined(separator: ", "))")
        }
        let other = try Self.read(Self.all.replacing("keep_free: 20%", with: "keep_free: 30%")).policy
        let differences = PolicyOutline(try Self.read(Self.all).policy).differences(to: PolicyOutline(other))
        #expect(differences == [.init(key: "lend.disk.keep_free", before: "20%", after: "30%")])
    }

    @Test("Disk can be taken out again that an included file lends")
    func nothing() throws {
        let text = Self.all.replacing("swap: {takes: {disk: 40 GiB}}", with: "cpu: {threshold: 80%, share: 50%, price: 1}")
        #expect(try Self.read(text).policy.disk != nil)
        let without = text.split(separator: "\n").filter { !$0.hasPrefix("    ") }.joined(separator: "\n")
            .replacing("  disk:", with: "  disk: nothing")
        #expect(try Self.read(without).policy.disk == nil)
    }

    @Test(
        "Faults in what is said of disk have their place and a remedy",
        arguments: [
            ("disk: {share: 50%, price: 1}", "p.yaml:2:14: lend.disk needs the key 'keep_free'"),
            ("disk: {keep_free: 100%, share: 50%, price: 1}", "lend.disk.keep_free"),
            ("disk: {threshold: 80%, share: 50%, price: 1}", "unknown key 'threshold'"),
            ("disk: {keep_free: 20%, share: 50%, price: 1, credits: false}", "leaves nothing to be had in return"),
            ("cpu: {keep_free: 20%, share: 50%, price: 1}", "unknown key 'keep_free'"),
        ])
    func faults(_ lend: String, _ message: String) {
        let error = #expect(throws: ConfigurationError.self) { try Self.read("name: a\nlend: {\(lend)}\n") }
        #expect(error.map { "\($0)".contains(message) } == true, "\(error.map { "\($0)" } ?? "none")")
    }

    @Test("More than is not kept free is noted")
    func note() throws {
        let notes = try Self.read("name: a\nlend: {disk: {keep_free: 60%, share: 50%, price: 1}}\n").notes
        #expect(notes.count == 1 && notes[0].contains("above what is not kept free: never more than 40%"), "\(notes)")
    }
}
