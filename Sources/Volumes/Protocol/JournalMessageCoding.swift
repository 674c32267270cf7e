import Resources

/// A message between nodes that keep the journal of a volume.
package struct JournalEnvelope: Hashable, Sendable {
    package let volume: VolumeID
    package let message: JournalMessage

    package init(_ message: JournalMessage, of volume: VolumeID) {
        self.volume = volume
        self.message = message
    }

    package var encoded: [UInt8] {
        var writer = MessageWriter()
        writer.write(volume)
        message.write(into: &writer)
        return writer.bytes
    }

    /// - Throws: ``MalformedMessage``, also where a number is beyond its bounds.
    package init(code: UInt16, encoded bytes: [UInt8]) throws(MalformedMessage) {
        var reader = MessageReader(bytes)
        volume = try reader.identifier()
        message = try JournalMessage(code, &reader)
        try reader.finish()
    }
}

extension JournalMessage {
    /// The codes of all messages about journals.
    package static let codes: ClosedRange<UInt16> = 0x0300...0x03ff
    /// The most records in one message.
    package static let mostRecords = 4096

    package var code: UInt16 {
        switch self {
        case .append: 0x0301
        case .install: 0x0302
        case .synced: 0x0303
        case .parted: 0x0304
        case .survey: 0x0310
        case .surveyed: 0x0311
        case .promise: 0x0312
        case .promised: 0x0313
        case .read: 0x0314
        case .fetched: 0x0315
        case .deposed: 0x0316
        }
    }

    fileprivate func write(into writer: inout MessageWriter) {
        switch self {
        case .append(let epoch, let batch, let durable, let stamp):
            writer.write(epoch)
            batch.write(into: &writer)
            writer.write(durable)
            writer.write(stamp.microseconds)
        case .install(let epoch, let position, let membership):
            writer.write(epoch)
            position.write(into: &writer)
            membership.write(into: &writer)
        case .synced(let epoch, let through, let stamp):
            writer.write(epoch)
            writer.write(through)
            writer.write(stamp.microseconds)
        case .parted(let number, let report), .surveyed(let number, let report), .promised(let number, let report):
            writer.write(number)
            report.write(into: &writer)
        case .survey(let number), .promise(let number): writer.write(number)
        case .read(let epoch, let position):
            writer.write(epoch)
            position.write(into: &writer)
        case .fetched(let epoch, let batch):
            writer.write(epoch)
            batch.write(into: &writer)
        case .deposed(let epoch, let current):
            writer.write(epoch)
            writer.write(current)
        }
    }

    fileprivate init(_ code: UInt16, _ reader: inout MessageReader) throws(MalformedMessage) {
        let number = try reader.integer(UInt64.self)
        switch code {
        case 0x0301:
            self = .append(
                epoch: number, try JournalBatch(&reader), durable: try reader.integer(),
                stamp: Instant(microseconds: try reader.integer()))
        case 0x0302:
            self = .install(epoch: number, at: try LogPosition(&reader), membership: try JournalMembership(&reader))
        case 0x0303:
            self = .synced(epoch: number, through: try reader.integer(), stamp: Instant(microseconds: try reader.integer()))
        case 0x0304: self = .parted(epoch: number, try JournalReport(&reader))
        case 0x0310: self = .survey(round: number)
        case 0x0311: self = .surveyed(round: number, try JournalReport(&reader))
        case 0x0312: self = .promise(epoch: number)
        case 0x0313: self = .promised(epoch: number, try JournalReport(&reader))
        case 0x0314: self = .read(epoch: number, after: try LogPosition(&reader))
        case 0x0315: self = .fetched(epoch: number, try JournalBatch(&reader))
        case 0x0316: self = .deposed(epoch: number, current: try reader.integer())
        default: throw MalformedMessage("there is no message \(code) about a journal")
        }
    }
}

// MARK: - Parts

extension LogPosition {
    fileprivate func write(into writer: inout MessageWriter) {
        writer.write(index)
        writer.write(epoch)
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(index: try reader.integer(), epoch: try reader.integer())
    }
}

extension JournalBatch {
    fileprivate func write(into writer: inout MessageWriter) {
        after.write(into: &writer)
        writer.write(records) { $1.write(into: &$0) }
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let after = try LogPosition(&reader)
        let records = try reader.items(atMost: JournalMessage.mostRecords) { reader throws(MalformedMessage) in
            try Record(&reader)
        }
        var last = after
        for record in records {
            guard last.index < .max, record.index == last.index + 1, record.epoch >= last.epoch else {
                throw MalformedMessage("record \(record.index) of epoch \(record.epoch) does not follow on record \(last.index)")
            }
            last = record.position
        }
        self.init(after: after, records)
    }
}

extension JournalReport {
    fileprivate func write(into writer: inout MessageWriter) {
        outline.write(into: &writer)
        writer.write(promised)
        membership.write(into: &writer)
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(
            outline: try JournalOutline(&reader), promised: try reader.integer(), membership: try JournalMembership(&reader))
    }
}

extension JournalOutline {
    /// The most epochs in one; a home begins one each time that it starts.
    private static let mostRuns = 4096

    /// The latest epochs, where there are too many for a message.
    fileprivate func write(into writer: inout MessageWriter) {
        let sent = runs.suffix(Self.mostRuns)
        let start =
            sent.count == runs.count
            ? trimmed : LogPosition(index: sent[sent.startIndex].first, epoch: sent[sent.startIndex].epoch)
        start.write(into: &writer)
        writer.write(sent.filter { $0.first > start.index }) { writer, run in
            writer.write(run.epoch)
            writer.write(run.first)
        }
        writer.write(last)
    }

    fileprivate init(_ reader: inout MessageReader) throws(MalformedMessage) {
        let trimmed = try LogPosition(&reader)
        let runs = try reader.items(atMost: Self.mostRuns) { reader throws(MalformedMessage) in
            Run(epoch: try reader.integer(), first: try reader.integer())
        }
        guard let outline = JournalOutline(after: trimmed, runs, last: try reader.integer()) else {
            throw MalformedMessage("a journal in disorder")
        }
        self = outline
    }
}
