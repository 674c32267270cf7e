import Accounting
import Resources

/// The tables that blocks of rows are in.
enum Shelf: String, CaseIterable {
    case seconds, incidents, minutes, hours, days

    init(_ resolution: Resolution) {
        switch resolution {
        case .second: self = .seconds
        case .minute: self = .minutes
        case .hour: self = .hours
        case .day: self = .days
        }
    }

    var resolution: Resolution {
        switch self {
        case .seconds, .incidents: .second
        case .minutes: .minute
        case .hours: .hour
        case .days: .day
        }
    }

    /// For how long its rows are kept; `nil`: for as long as there is room.
    var retention: Microseconds? { self == .incidents ? Retention.incidents : resolution.retention }
}

/// Rows of one series and resolution, packed.
struct Block {
    /// As large as two fit a page of SQLite, with what comes with them.
    private static let largest = 2000

    let resolution: Resolution
    private(set) var start: Timestamp
    private(set) var end: Timestamp
    private(set) var rows: Int
    private(set) var data: [UInt8]

    init(_ row: RollUp) {
        resolution = row.resolution
        start = row.start
        end = row.end
        rows = 1
        var writer = ByteWriter()
        writer.write(row, base: row.start)
        data = writer.bytes
    }

    /// As it is on disk.
    init(_ resolution: Resolution, start: Timestamp, end: Timestamp, rows: Int, data: [UInt8]) {
        self.resolution = resolution
        self.start = start
        self.end = end
        self.rows = rows
        self.data = data
    }

    /// Adds a row; returns whether there was room. One that begins before the block needs another: the block's beginning is
    /// that of its first row.
    mutating func append(_ row: RollUp) -> Bool {
        guard row.start >= start else { return false }
        var writer = ByteWriter()
        writer.write(row, base: start)
        guard data.count + writer.bytes.count <= Self.largest else { return false }
        data += writer.bytes
        rows += 1
        end = max(end, row.end)
        return true
    }

    /// - Throws: ``Malformed`` when it is not what was written.
    func unpacked() throws(Malformed) -> [RollUp] {
        var reader = ByteReader(data)
        var result: [RollUp] = []
        result.reserveCapacity(rows)
        while !reader.isAtEnd { result.append(try reader.row(resolution, base: start)) }
        guard result.count == rows else { throw Malformed(description: "\(result.count) rows where \(rows) should be") }
        return result
    }

    /// Rows in as few blocks as they need, in order.
    ///
    /// - Parameter first: a block that has room perhaps.
    static func pack(_ rows: some Sequence<RollUp>, onto first: Block? = nil) -> [Block] {
        var blocks = [first].compactMap(\.self)
        for row in rows {
            if let last = blocks.indices.last, blocks[last].append(row) { continue }
            blocks.append(Block(row))
        }
        return blocks
    }
}
