import Resources
import Volumes

/// Statements on inodes, symbolic links, directories and extended attributes.
struct TreeStatements {
    fileprivate let readInode: PreparedStatement
    fileprivate let writeInode: PreparedStatement
    fileprivate let deleteInode: PreparedStatement
    fileprivate let listInodes: PreparedStatement
    fileprivate let listOrphans: PreparedStatement
    fileprivate let readTarget: PreparedStatement
    fileprivate let writeTarget: PreparedStatement
    fileprivate let readEntry: PreparedStatement
    fileprivate let writeEntry: PreparedStatement
    fileprivate let deleteEntry: PreparedStatement
    fileprivate let listEntries: PreparedStatement
    fileprivate let readAttribute: PreparedStatement
    fileprivate let writeAttribute: PreparedStatement
    fileprivate let deleteAttribute: PreparedStatement
    fileprivate let listAttributes: PreparedStatement
    /// Of what belongs to an inode.
    fileprivate let deleteContent: [PreparedStatement]

    init(_ connection: Connection) throws(VolumeStoreError) {
        func prepare(_ sql: String) throws(VolumeStoreError) -> PreparedStatement { try PreparedStatement(connection, sql) }
        let columns = """
            number, kind, permissions, owner, "group", links, size, allocated, device, accessed, modified, changed, parent, version
            """
        readInode = try prepare("SELECT \(columns) FROM inodes WHERE number = ?")
        writeInode = try prepare(
            "INSERT OR REPLACE INTO inodes (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        deleteInode = try prepare("DELETE FROM inodes WHERE number = ?")
        listInodes = try prepare("SELECT \(columns) FROM inodes WHERE number BETWEEN ? AND ? ORDER BY number LIMIT ?")
        listOrphans = try prepare("SELECT number FROM inodes WHERE links = 0 AND number BETWEEN ? AND ? ORDER BY number LIMIT ?")
        readTarget = try prepare("SELECT path FROM targets WHERE inode = ?")
        writeTarget = try prepare("INSERT OR REPLACE INTO targets (inode, path) VALUES (?, ?)")
        readEntry = try prepare("SELECT name, inode, kind FROM entries WHERE directory = ? AND name = ?")
        writeEntry = try prepare("INSERT OR REPLACE INTO entries (directory, name, inode, kind) VALUES (?, ?, ?, ?)")
        deleteEntry = try prepare("DELETE FROM entries WHERE directory = ? AND name = ?")
        listEntries = try prepare("SELECT name, inode, kind FROM entries WHERE directory = ? AND name > ? ORDER BY name LIMIT ?")
        readAttribute = try prepare("SELECT value FROM attributes WHERE inode = ? AND name = ?")
        writeAttribute = try prepare("INSERT OR REPLACE INTO attributes (inode, name, value) VALUES (?, ?, ?)")
        deleteAttribute = try prepare("DELETE FROM attributes WHERE inode = ? AND name = ?")
        listAttributes = try prepare("SELECT name FROM attributes WHERE inode = ? ORDER BY name")
        var deletions: [PreparedStatement] = []
        for (table, column) in [("targets", "inode"), ("entries", "directory"), ("attributes", "inode"), ("extents", "inode")] {
            deletions.append(try prepare("DELETE FROM \(table) WHERE \(column) = ?"))
        }
        deleteContent = deletions
    }
}

extension StateTables {
    // MARK: Inodes

    func inode(_ number: InodeNumber) throws(VolumeStoreError) -> Inode? {
        try tree.readInode.first(number, row: Inode.init(row:))
    }

    func write(_ inode: Inode?, _ number: InodeNumber) throws(VolumeStoreError) {
        guard let inode else { return try tree.deleteInode.run(number) }
        try tree.writeInode.run(
            number, inode.kind, inode.permissions, inode.owner, inode.group, inode.links, inode.size, inode.allocated,
            inode.device, inode.accessed, inode.modified, inode.changed, inode.parent, inode.version)
    }

    /// What belongs to an inode, beside the inode.
    func removeContent(of number: InodeNumber) throws(VolumeStoreError) {
        for statement in tree.deleteContent { try statement.run(number) }
    }

    func inodes(after number: InodeNumber?, limit: Int) throws(VolumeStoreError) -> [Inode] {
        try list(tree.listInodes, after: number, limit: limit, Inode.init(row:))
    }

    func orphans(after number: InodeNumber?, limit: Int) throws(VolumeStoreError) -> [InodeNumber] {
        try list(tree.listOrphans, after: number, limit: limit) { row throws(VolumeStoreError) in
            InodeNumber(rawValue: try row.unsigned(0))
        }
    }

    private func list<Item>(
        _ statement: PreparedStatement, after number: InodeNumber?, limit: Int,
        _ body: (PreparedStatement) throws(VolumeStoreError) -> Item
    ) throws(VolumeStoreError) -> [Item] {
        guard number?.rawValue != .max else { return [] }
        var items: [Item] = []
        try eachSignedPart(number.map { $0.rawValue + 1 } ?? 0, .max) { first, last throws(VolumeStoreError) in
            items += try statement.all(first, last, limit - items.count, row: body)
        }
        return items
    }

    func target(of link: InodeNumber) throws(VolumeStoreError) -> [UInt8]? {
        try tree.readTarget.first(link) { row throws(VolumeStoreError) in try row.blob(0) }
    }

    func write(target: [UInt8], of link: InodeNumber) throws(VolumeStoreError) { try tree.writeTarget.run(link, target) }

    // MARK: Directories

    func entry(_ name: FileName, in directory: InodeNumber) throws(VolumeStoreError) -> DirectoryEntry? {
        try tree.readEntry.first(directory, name.bytes, row: DirectoryEntry.init(row:))
    }

    func write(_ entry: DirectoryEntry, in directory: InodeNumber) throws(VolumeStoreError) {
        try tree.writeEntry.run(directory, entry.name.bytes, entry.inode, entry.kind)
    }

    func removeEntry(_ name: FileName, in directory: InodeNumber) throws(VolumeStoreError) {
        try tree.deleteEntry.run(directory, name.bytes)
    }

    func entries(
        in directory: InodeNumber, after name: FileName?, limit: Int
    ) throws(VolumeStoreError) -> [DirectoryEntry] {
        try tree.listEntries.all(directory, name?.bytes ?? [], limit, row: DirectoryEntry.init(row:))
    }

    // MARK: Extended attributes

    func attribute(_ name: [UInt8], of inode: InodeNumber) throws(VolumeStoreError) -> [UInt8]? {
        try tree.readAttribute.first(inode, name) { row throws(VolumeStoreError) in try row.blob(0) }
    }

    func attributeNames(of inode: InodeNumber) throws(VolumeStoreError) -> [[UInt8]] {
        try tree.listAttributes.all(inode) { row throws(VolumeStoreError) in try row.blob(0) }
    }

    func write(attribute name: [UInt8], of inode: InodeNumber, _ value: [UInt8]?) throws(VolumeStoreError) {
        guard let value else { return try tree.deleteAttribute.run(inode, name) }
        try tree.writeAttribute.run(inode, name, value)
    }
}

extension Inode {
    fileprivate init(row: PreparedStatement) throws(VolumeStoreError) {
        guard let kind = FileKind(rawValue: try row.narrow(1)) else { throw row.malformed(1) }
        self.init(
            number: InodeNumber(rawValue: try row.unsigned(0)), kind: kind, permissions: try row.narrow(2),
            owner: try row.narrow(3),
            group: try row.narrow(4), links: try row.narrow(5), device: try row.narrow(8),
            at: FileTime(rawValue: try row.integer(9)), parent: InodeNumber(rawValue: try row.unsigned(12)))
        (size, allocated, version) = (try row.unsigned(6), try row.unsigned(7), try row.unsigned(13))
        modified = FileTime(rawValue: try row.integer(10))
        changed = FileTime(rawValue: try row.integer(11))
    }
}

extension DirectoryEntry {
    fileprivate init(row: PreparedStatement) throws(VolumeStoreError) {
        guard let name = try? FileName(try row.blob(0)) else { throw row.malformed(0) }
        guard let kind = FileKind(rawValue: try row.narrow(2)) else { throw row.malformed(2) }
        self.init(name: name, inode: InodeNumber(rawValue: try row.unsigned(1)), kind: kind)
    }
}
