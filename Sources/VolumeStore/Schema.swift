import Resources

/// The numbered steps of the schema of a kind of file. Steps are never edited once released; a change is a new step.
struct Schema {
    /// Marks a file as one of the kind (`application_id`).
    let applicationID: Int64
    let name: String
    let steps: [String]

    /// "SPLV".
    static var state: Schema {
        Schema(applicationID: 0x5350_4c56, name: "the metadata of a volume", [PackageResources.V0001_state_sql])
    }
    /// "SPLW".
    static var journal: Schema {
        Schema(applicationID: 0x5350_4c57, name: "the journal of a volume", [PackageResources.V0001_journal_sql])
    }

    private init(applicationID: Int64, name: String, _ steps: [[UInt8]]) {
        self.applicationID = applicationID
        self.name = name
        self.steps = steps.map { String(decoding: $0, as: UTF8.self) }
    }

    /// Brings a file to the newest schema, all steps in one transaction.
    ///
    /// - Parameter isNew: otherwise it is an error when nothing is in the file.
    func migrate(_ connection: Connection, isNew: Bool) throws(VolumeStoreError) {
        let found = try version(connection, mayBeEmpty: isNew)
        guard found < steps.count else { return }
        try connection.execute("BEGIN IMMEDIATE")
        for step in steps[found...] { try connection.execute(step) }
        try connection.execute("PRAGMA user_version = \(steps.count); PRAGMA application_id = \(applicationID); COMMIT")
    }

    /// Looks whether a file is of this kind and has the newest schema.
    func require(_ connection: Connection) throws(VolumeStoreError) {
        let found = try version(connection, mayBeEmpty: false)
        guard found == steps.count else {
            throw .foreign(
                file: connection.path, "it has schema \(found), and \(steps.count) is wanted; open the volume for writing once")
        }
    }

    private func version(_ connection: Connection, mayBeEmpty: Bool) throws(VolumeStoreError) -> Int {
        let found = try connection.integer("PRAGMA user_version")
        let owner = try connection.integer("PRAGMA application_id")
        let tables = try connection.integer("SELECT count(*) FROM sqlite_schema")
        guard mayBeEmpty || tables > 0 else { throw .damaged(file: connection.path, "nothing is in it") }
        guard owner == applicationID || mayBeEmpty && owner == 0 && found == 0 && tables == 0 else {
            throw .foreign(file: connection.path, "it is not \(name)")
        }
        guard (0...Int64(steps.count)).contains(found) else {
            throw .foreign(
                file: connection.path, "it has schema \(found), this program knows up to \(steps.count); upgrade the program")
        }
        return Int(found)
    }
}
