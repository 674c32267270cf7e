import BlockKit
import BlockStore
import Resources

enum Samples {
    static let volume = VolumeID(high: 1, low: 1)

    static func key(_ number: UInt64, of volume: VolumeID = volume) -> BlockKey {
        BlockKey(volume: volume, block: BlockID(high: 7, low: number))
    }

    /// What the block of a number has, so many bytes of it.
    static func content(_ number: UInt64, _ length: Int = 1000) -> [UInt8] {
        var random = SeededGenerator(seed: number)
        return (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }

    static func store(_ disk: ForgetfulDisk, capacity: Bytes = .mebibytes(1), segmentSize: Bytes = .kibibytes(16)) throws
        -> BlockStore
    {
        try BlockStore(on: disk, .init(capacity: capacity, segmentSize: segmentSize))
    }
}

extension BlockStore {
    func put(_ number: UInt64, _ length: Int = 1000, of volume: VolumeID = Samples.volume) throws {
        let content = Samples.content(number, length)
        try content.withUnsafeBytes { try put(Samples.key(number, of: volume), $0, checksums: Checksum.all($0)) }
    }

    func bytes(_ key: BlockKey, at offset: Int = 0, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withUnsafeMutableBytes { try read(key, at: offset, into: $0) }
        return bytes
    }
}
