import Resources

/// A notary for simulation: deterministic and cheap, with the shape of the real one. A signature is a digest over the
/// signer and the bytes, which suffices where nobody forges.
struct StandInNotary: Notary {
    let node: NodeID

    func digest(_ bytes: [UInt8]) -> Digest { Digest(Self.mix(bytes, salt: 0)) }

    func sign(_ bytes: [UInt8]) -> Signature { Signature(Self.mix(bytes, salt: node.low ^ node.high)) }

    func verify(_ signature: Signature, over bytes: [UInt8], by node: NodeID) -> Bool {
        signature.bytes == Self.mix(bytes, salt: node.low ^ node.high)
    }

    private static func mix(_ bytes: [UInt8], salt: UInt64) -> [UInt8] {
        var hasher = TraceHash(seed: salt)
        for byte in bytes { hasher.combine(UInt64(byte)) }
        return (0..<4).flatMap { (lane: UInt64) in
            hasher.combine(lane)
            return withUnsafeBytes(of: hasher.value.bigEndian, Array.init)
        }
    }
}

/// A running 64-bit hash (FNV-1a over words, with a final mix by multiplication) that is the same on every machine.
struct TraceHash {
    private(set) var value: UInt64

    init(seed: UInt64 = 0) { value = 0xcbf2_9ce4_8422_2325 ^ seed }

    mutating func combine(_ word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01b3
        value ^= value >> 29
    }

    mutating func combine(_ text: String) { for byte in text.utf8 { combine(UInt64(byte)) } }
}
