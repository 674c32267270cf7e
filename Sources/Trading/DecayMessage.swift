import Resources

/// What agents say to each other about credits that stood idle. Delivery may lose, repeat and reorder.
package enum DecayMessage: Hashable, Sendable {
    /// From the debtor: what would be owed less, with its signature over the document.
    case offer(document: [UInt8], Signature)
    /// From the creditor: as much of it as it agrees to, with its signature over that, and the rule of its policy as it is now.
    case agreed(number: Int64, document: [UInt8], Signature, allows: DecayRule?)
    /// From the creditor, final for this number. `allows` is the rule of its policy: `nil` where it has none, or does not say.
    case refused(number: Int64, Refusal, allows: DecayRule?)

    /// One word for logs and statistics.
    package var name: String {
        switch self {
        case .offer: "decay-offer"
        case .agreed: "decay-agreed"
        case .refused: "decay-refused"
        }
    }

    package static let allNames = ["decay-offer", "decay-agreed", "decay-refused"]
}
