internal import Crypto
internal import FoundationEssentials
internal import Frames
internal import NIOCore
internal import Resources

/// Encrypts blocks, so that who stores them can neither read nor change them unseen.
///
/// Each block has a key of its own, derived from the volume's with HKDF-SHA256 (RFC 5869) and the block's id, which is never used
/// again; its content is encrypted in units of 16 KiB with AES-256-GCM (NIST SP 800-38D), the unit's number as nonce, so that a part
/// can be read without the rest.
package struct VolumeCipher: Sendable {
    /// Bytes of content in a unit; the last of a block may have fewer.
    package static let unit = 16 << 10
    /// What each unit takes beyond its content.
    package static let overhead = 16
    package static let keyLength = 32

    private let key: SymmetricKey

    /// - Precondition: the key has ``keyLength`` bytes.
    package init(key: [UInt8]) {
        precondition(key.count == Self.keyLength, "a key of 256 bits")
        self.key = SymmetricKey(data: key)
    }

    /// What so many bytes of content take when they are stored.
    package static func storedLength(_ length: Int) -> Int { length + (length + unit - 1) / unit * overhead }

    /// Which bytes of what is stored are needed for some bytes of the content of a block.
    package static func storedRange(_ range: Range<Int>, of length: Int) -> Range<Int> {
        let (first, last) = (range.lowerBound / unit, (range.upperBound + unit - 1) / unit)
        return first * (unit + overhead)..<min(last * (unit + overhead), storedLength(length))
    }

    private func key(of block: BlockID) -> SymmetricKey {
        var name = ByteBuffer()
        name.writeMultipleIntegers(block.high, block.low)
        return HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array(buffer: name), outputByteCount: Self.keyLength)
    }

    private static func nonce(_ unit: Int) throws -> AES.GCM.Nonce {
        var bytes = ByteBuffer()
        bytes.writeMultipleIntegers(UInt64(0), UInt32(unit))
        return try AES.GCM.Nonce(data: Array(buffer: bytes))
    }

    /// What is stored for a block.
    func seal(_ content: UnsafeRawBufferPointer, as block: BlockID) throws -> ByteBuffer {
        let key = key(of: block)
        var stored = ByteBuffer()
        stored.reserveCapacity(Self.storedLength(content.count))
        for (number, start) in stride(from: 0, to: content.count, by: Self.unit).enumerated() {
            let part = UnsafeRawBufferPointer(rebasing: content[start..<min(start + Self.unit, content.count)])
            let box = try AES.GCM.seal(part, using: key, nonce: try Self.nonce(number))
            stored.writeBytes(box.ciphertext)
            stored.writeBytes(box.tag)
        }
        return stored
    }

    /// Decrypts what ``storedRange(_:of:)`` said, and copies the wanted part.
    ///
    /// - Parameter stored: in pieces.
    /// - Throws: when a unit is not what was stored.
    func open(
        _ stored: [ByteBuffer], of block: BlockID, _ range: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let key = key(of: block)
        var (rest, number) = (stored, range.lowerBound / Self.unit)
        while !rest.isEmpty {
            let part = rest.removeFirst(bytes: Self.unit + Self.overhead).joined
            let plain = try part.withUnsafeReadableBytes { bytes in
                guard bytes.count > Self.overhead else { throw CryptoKitError.incorrectParameterSize }
                let box = try AES.GCM.SealedBox(
                    nonce: try Self.nonce(number), ciphertext: bytes.dropLast(Self.overhead), tag: bytes.suffix(Self.overhead))
                return try AES.GCM.open(box, using: key)
            }
            let place = number * Self.unit
            let wanted = (place..<place + plain.count).clamped(to: range)
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[(wanted.lowerBound - range.lowerBound)...])
            plain.copyBytes(to: target, from: wanted.lowerBound - place..<wanted.upperBound - place)
            number += 1
        }
    }
}
