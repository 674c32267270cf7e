import Resources

/// What the issuers of a pool make statements about: a member or a user.
package protocol Stated: Hashable, Sendable {
    associatedtype ID: Hashable & Comparable & Sendable & CustomStringConvertible
    associatedtype Status: Hashable & Sendable & RawRepresentable<String>

    var id: ID { get }
    var status: Status { get }
    /// Grows with each new statement about the same subject.
    var version: UInt64 { get }
    /// When it was stated, by the issuer's clock.
    var at: Timestamp { get }
    /// Which status wins, whatever the version: the larger one.
    static func precedence(of status: Status) -> Int
}

/// What one side knows of a subject, to find out who knows better.
package struct Knowledge<Subject: Stated>: Hashable, Sendable {
    package var id: Subject.ID
    package var status: Subject.Status
    package var version: UInt64

    package init(id: Subject.ID, status: Subject.Status, version: UInt64) {
        self.id = id
        self.status = status
        self.version = version
    }

    func isBehind(_ other: Self) -> Bool {
        (Subject.precedence(of: status), version) < (Subject.precedence(of: other.status), other.version)
    }
}

/// The last statement about each subject. They arrive in any order, from anyone, any number of times; all nodes that know the
/// same statements keep the same ones: a join semilattice (Shapiro et al., "Conflict-free replicated data types", 2011).
struct Statements<Subject: Stated>: Sendable {
    struct Entry: Sendable {
        var subject: Subject
        var record: SignedStatement
        var issuer: NodeID

        var knowledge: Knowledge<Subject> { Knowledge(id: subject.id, status: subject.status, version: subject.version) }

        /// The last two only matter when two issuers stated something at the same time.
        func isBehind(_ other: Entry) -> Bool {
            if knowledge.isBehind(other.knowledge) { return true }
            if other.knowledge.isBehind(knowledge) { return false }
            if subject.at != other.subject.at { return subject.at < other.subject.at }
            return record.document.lexicographicallyPrecedes(other.record.document)
        }
    }

    private var entries: [Subject.ID: Entry] = [:]

    var count: Int { entries.count }
    subscript(id: Subject.ID) -> Entry? { entries[id] }

    /// The oldest id first.
    var subjects: [Subject] { entries.values.map(\.subject).sorted { $0.id < $1.id } }
    var knowledge: [Knowledge<Subject>] { entries.values.map(\.knowledge).sorted { $0.id < $1.id } }

    /// The statements that someone who knows `theirs` lacks or has older; the oldest id first, together at most `bytes` long.
    func records(beyond theirs: [Knowledge<Subject>], atMost bytes: Int) -> [SignedStatement] {
        let known = Dictionary(theirs.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var left = bytes
        var result: [SignedStatement] = []
        for entry in entries.values.sorted(by: { $0.subject.id < $1.subject.id }) {
            if let their = known[entry.subject.id], !their.isBehind(entry.knowledge) { continue }
            guard entry.record.size <= left else { break }
            left -= entry.record.size
            result.append(entry.record)
        }
        return result
    }

    /// Takes in a statement.
    ///
    /// - Returns: whether it was news.
    /// - Throws: ``IdentityError`` when there is no room for another subject.
    mutating func insert(_ entry: Entry, atMost capacity: Int, of kind: String) throws(IdentityError) -> Bool {
        let id = entry.subject.id
        if let known = entries[id] {
            guard known.isBehind(entry) else { return false }
        } else if entries.count >= capacity {
            throw IdentityError("no room for \(id): a pool has at most \(capacity) \(kind), past ones included")
        }
        entries[id] = entry
        return true
    }

    /// What a revoked issuer stated after its revocation counts for nothing, also when it arrived first.
    mutating func forget(by issuer: NodeID, since revocation: Timestamp, except id: Subject.ID? = nil) {
        entries = entries.filter { $1.issuer != issuer || $1.subject.at < revocation || $0 == id }
    }
}
