/// A 128-bit identifier with a typed text form, such as `lse_01jd3x9k3v8q2m7r5t6w8y0z1a`.
///
/// The upper 48 bits are the UTC millisecond of its making, the rest is random (the ULID layout, with Crockford's
/// base 32 in lower case), so that ids sort by age and those beyond a retention window can be refused unseen.
/// Two tags never mix, and the prefix tells `explain` what it was given.
package struct Identifier<Tag: IdentifierTag>: Hashable, Comparable, Codable, Sendable, LosslessStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new identifier made at `time`.
    package init(at time: Timestamp, using random: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(max(0, time.microseconds / 1000)) & 0xffff_ffff_ffff
        high = milliseconds << 16 | UInt64(UInt16.random(in: .min ... .max, using: &random))
        low = random.next()
    }

    /// The `n`th identifier after this one: for what follows from one thing and must be named alike by everyone.
    package func following(_ n: UInt64) -> Self { Self(high: high, low: low &+ n) }

    /// When the identifier says it was made, to the millisecond. A claim of its maker, not a fact.
    package var madeAt: Timestamp { Timestamp(microseconds: Int64(high >> 16) * 1000) }

    package static func < (a: Self, b: Self) -> Bool { (a.high, a.low) < (b.high, b.low) }

    package var description: String { Tag.prefix + "_" + Base32.encode(high: high, low: low) }

    /// Parses the text form; `nil` when the prefix or the digits are not those of this kind.
    package init?(_ text: String) {
        let head = Tag.prefix + "_"
        guard text.hasPrefix(head), let (high, low) = Base32.decode(text.dropFirst(head.count)) else { return nil }
        self.init(high: high, low: low)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is no \(Tag.prefix)_ id")
        }
        self = value
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Says what kind of thing an ``Identifier`` names.
package protocol IdentifierTag: Sendable {
    static var prefix: String { get }
}

package enum NodeTag: IdentifierTag { package static let prefix = "nde" }
package enum PoolTag: IdentifierTag { package static let prefix = "pol" }
package enum RequestTag: IdentifierTag { package static let prefix = "req" }
package enum NegotiationTag: IdentifierTag { package static let prefix = "neg" }
package enum AgreementTag: IdentifierTag { package static let prefix = "agr" }
package enum LeaseTag: IdentifierTag { package static let prefix = "lse" }
package enum JobTag: IdentifierTag { package static let prefix = "job" }
package enum TransferTag: IdentifierTag { package static let prefix = "trf" }
package enum ReceiptTag: IdentifierTag { package static let prefix = "rct" }
package enum ObligationTag: IdentifierTag { package static let prefix = "obl" }
package enum AdjustmentTag: IdentifierTag { package static let prefix = "adj" }
package enum DisputeTag: IdentifierTag { package static let prefix = "dsp" }
package enum NettingTag: IdentifierTag { package static let prefix = "net" }
package enum ReconciliationTag: IdentifierTag { package static let prefix = "rec" }
package enum CheckpointTag: IdentifierTag { package static let prefix = "ckp" }
package enum VolumeTag: IdentifierTag { package static let prefix = "vol" }
package enum BlockTag: IdentifierTag { package static let prefix = "blk" }
package enum SessionTag: IdentifierTag { package static let prefix = "ses" }
package enum TokenTag: IdentifierTag { package static let prefix = "tok" }
package enum UserTag: IdentifierTag { package static let prefix = "usr" }

/// A member of a pool; random, assigned at enrolment, carried in its certificate.
package typealias NodeID = Identifier<NodeTag>
package typealias PoolID = Identifier<PoolTag>
/// One wish to borrow, however many peers are asked.
package typealias RequestID = Identifier<RequestTag>
/// One conversation with one peer about one request.
package typealias NegotiationID = Identifier<NegotiationTag>
package typealias AgreementID = Identifier<AgreementTag>
package typealias LeaseID = Identifier<LeaseTag>
package typealias JobID = Identifier<JobTag>
package typealias TransferID = Identifier<TransferTag>
package typealias ReceiptID = Identifier<ReceiptTag>
/// Something owed in kind, of one agreement.
package typealias ObligationID = Identifier<ObligationTag>
/// A change to an obligation that both sides sign.
package typealias AdjustmentID = Identifier<AdjustmentTag>
/// What one side of a trade does not accept.
package typealias DisputeID = Identifier<DisputeTag>
/// One agreement around a cycle of debts, or one search for such cycles.
package typealias NettingID = Identifier<NettingTag>
/// One comparison of what two ledgers have of each other.
package typealias ReconciliationID = Identifier<ReconciliationTag>
/// What two nodes have both signed of all that was settled between them.
package typealias CheckpointID = Identifier<CheckpointTag>
/// A file system of pooled disk.
package typealias VolumeID = Identifier<VolumeTag>
/// A piece of a file's content that never changes.
package typealias BlockID = Identifier<BlockTag>
/// A client that has a volume mounted, from one mount to its end.
package typealias SessionID = Identifier<SessionTag>
package typealias TokenID = Identifier<TokenTag>
/// A person or program that a pool knows; random, assigned with its first certificate, carried in each of them.
package typealias UserID = Identifier<UserTag>

/// Crockford's base 32 of a 128-bit number: 26 digits, the first at most 7.
enum Base32 {
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func encode(high: UInt64, low: UInt64) -> String {
        let value = UInt128(high) << 64 | UInt128(low)
        return String(
            decoding: (0..<26).map { digits[Int(truncatingIfNeeded: value >> UInt128(5 * (25 - $0))) & 31] }, as: UTF8.self)
    }

    static func decode(_ text: Substring) -> (high: UInt64, low: UInt64)? {
        guard text.utf8.count == 26, let first = text.utf8.first, first >= 0x30, first <= 0x37 else { return nil }
        var value: UInt128 = 0
        for byte in text.utf8 {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            value = value << 5 | UInt128(digit)
        }
        return (UInt64(truncatingIfNeeded: value >> 64), UInt64(truncatingIfNeeded: value))
    }
}
