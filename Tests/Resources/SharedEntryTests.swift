import Resources
import Testing

@Suite("Shared entries") struct SharedEntryTests {
    private static func entry(_ low: UInt64, _ amount: Microcredits) -> SharedEntry {
        SharedEntry(transfer: TransferID(high: 7, low: low), lease: nil, moved: Charge(credits: amount))
    }

    @Test("Two are the same that have moved the same under one mark, whichever ids under it a side has used")
    func sameMark() {
        #expect(Self.entry(1, 5) == Self.entry(2, 5))
        #expect(Self.entry(1, 5) != Self.entry(1, 6))
        let (here, there) = ([Self.entry(1, 5)], [Self.entry(2, 5)])
        func digest(_ bytes: [UInt8]) -> Digest {
            Digest(bytes.enumerated().reduce(into: [UInt8](repeating: 0, count: 32)) { $0[$1.offset % 32] ^= $1.element })
        }
        #expect(here[...].digest(by: digest) == there[...].digest(by: digest))
        #expect(here[...].firstDifference(from: there[...]) == nil)
    }
}
