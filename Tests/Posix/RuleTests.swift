import Testing

@Suite("Rules of POSIX and of the manual pages", .serialized, .enabled(if: Ground.isPossible, "needs root and /dev/fuse"))
struct RuleTests {
    static let tables: [RuleTable] = [
        .paths, .making, .modes, .owners, .links, .removing, .renaming, .symbolicLinks, .opening, .content, .truncating, .times,
        .allocation, .extendedAttributes, .rights, .sticky, .directories, .names, .status,
    ]

    @Test("A volume and the file systems of this machine keep them", arguments: tables, Ground.allCases)
    func rules(_ table: RuleTable, _ ground: Ground) async throws {
        try await ground.prepared { stage in
            let (faults, count) = await stage.check(table, besides: ground.excluded)
            for fault in faults { Issue.record("on \(ground): \(fault)") }
            #expect(count > 0)
        }
    }

    @Test("There are more than a thousand of them, each with an account counted as one")
    func count() {
        #expect(Self.tables.reduce(0) { $0 + $1.count } >= 1000)
        for table in Self.tables {
            let names = table.rules.map(\.name)
            #expect(Set(names).count == names.count, "two rules of one name: \(table)")
        }
    }
}
