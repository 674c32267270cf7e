import Resources
import Volumes

/// What waits to be sent to one node. Records are put into messages when these go out, so that many become one.
struct JournalOutbox {
    struct Parcel {
        var message: JournalMessage
        /// Records up to this one go into it.
        var through: UInt64?
    }

    /// What is beyond is dropped, as the network may do.
    private static let most = 256
    /// Records in one message.
    private static let mostRecords: UInt64 = 1024

    private var parcels: ArraySlice<Parcel> = []
    /// Whether one is on its way. The next one waits for that, so that they stay in order.
    var isSending = false

    mutating func add(_ message: JournalMessage, through index: UInt64?) {
        if let last = parcels.last, let joined = Self.joined(last, message, index) {
            parcels[parcels.endIndex - 1] = joined
        } else if parcels.count < Self.most {
            parcels.append(Parcel(message: message, through: index))
        }
    }

    /// One that says what both say, where that is possible: records that follow on each other, or signs of life.
    private static func joined(_ first: Parcel, _ next: JournalMessage, _ index: UInt64?) -> Parcel? {
        guard case .append(let epoch, let batch, _, _) = first.message,
            case .append(epoch, let more, let durable, let stamp) = next
        else { return nil }
        guard let through = first.through else { return index == nil ? Parcel(message: next, through: nil) : nil }
        guard let index, more.after.index == through, index - batch.after.index <= mostRecords else { return nil }
        return Parcel(message: .append(epoch: epoch, batch, durable: durable, stamp: stamp), through: index)
    }

    /// - Parameter index: records after it are not in a hurry: a message that has no others stays.
    mutating func next(haste index: UInt64) -> Parcel? {
        if isLingering(after: index) { nil } else { parcels.popFirst() }
    }

    func isLingering(after index: UInt64) -> Bool {
        guard let first = parcels.first, first.through != nil, case .append(_, let batch, _, _) = first.message else {
            return false
        }
        return batch.after.index >= index
    }

    mutating func removeAll() { parcels = [] }
    var isEmpty: Bool { parcels.isEmpty }
}

extension JournalMessage {
    /// The record that those in it follow on.
    var start: UInt64? {
        switch self {
        case .append(_, let batch, _, _), .fetched(_, let batch): batch.after.index
        default: nil
        }
    }

    /// The same with records, in as many messages as it takes for none to be too long.
    func parts(with records: [Record]) -> [JournalMessage] {
        guard records.count > Self.neverTooMany else { return [filled(with: records)] }
        var (parts, start, size) = ([JournalMessage](), 0, 0)
        for (place, record) in records.enumerated() {
            size += record.encoded.count
            guard size > Self.longest || place + 1 == records.count else { continue }
            let after = start == 0 ? nil : records[start - 1].position
            parts.append(going(on: after).filled(with: Array(records[start...place])))
            (start, size) = (place + 1, 0)
        }
        return parts
    }

    private static var neverTooMany: Int { 8 }
    /// In bytes.
    private static var longest: Int { 1 << 20 }

    private func going(on position: LogPosition?) -> JournalMessage {
        guard let position else { return self }
        let batch = JournalBatch(after: position)
        return switch self {
        case .append(let epoch, _, let durable, let stamp): .append(epoch: epoch, batch, durable: durable, stamp: stamp)
        case .fetched(let epoch, _): .fetched(epoch: epoch, batch)
        default: self
        }
    }
}
