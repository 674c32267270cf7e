import Bookkeeping
import FoundationEssentials
import LedgerStore
import Resources

/// Puts events in the form in which programs of the owner's get them: as `surplus events --json` prints them, with the node
/// that they happened on and an id to know repetitions by.
struct EventTeller: Sendable {
    let node: NodeID
    let name: String
    let peer: @Sendable (NodeID) -> String

    private struct Document: Encodable {
        let schema = 1
        let id: String
        let node: String
        let nodeName: String
        let sequence: Int64
        let at: String
        let kind: String
        let subjects: [String]
        let message: String
        let details: [String: String]
    }

    /// The same whenever the same event is told of again.
    func id(of stored: StoredEvent) -> String { "\(node):\(stored.sequence)" }

    /// One line of JSON, and a line feed.
    func json(_ stored: StoredEvent) throws -> [UInt8] {
        let event = stored.event
        let document = Document(
            id: id(of: stored), node: node.description, nodeName: name, sequence: stored.sequence,
            at: CivilDate(event.at).rfc3339, kind: event.kind, subjects: event.subjects, message: event.text,
            details: Dictionary(event.details.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last }))
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(document)) + [0x0A]
    }

    /// For programs that read no JSON: what happened, and the first id of each kind that it concerns.
    func environment(_ stored: StoredEvent) -> [String: String] {
        let event = stored.event
        var variables = [
            "SURPLUS_EVENT": event.kind, "SURPLUS_EVENT_ID": id(of: stored), "SURPLUS_EVENT_AT": CivilDate(event.at).rfc3339,
            "SURPLUS_MESSAGE": event.text, "SURPLUS_NODE": node.description, "SURPLUS_NODE_NAME": name,
        ]
        for subject in event.subjects {
            guard let variable = Self.variables[String(subject.prefix { $0 != "_" })], variables[variable] == nil else {
                continue
            }
            guard variable == "SURPLUS_PEER" else {
                variables[variable] = subject
                continue
            }
            guard let node = NodeID(subject), node != self.node else { continue }
            variables[variable] = subject
            variables["SURPLUS_PEER_NAME"] = peer(node)
        }
        return variables.filter { !$0.value.utf8.contains(0) }
    }

    private static let variables = [
        "lse": "SURPLUS_LEASE", "job": "SURPLUS_JOB", "agr": "SURPLUS_AGREEMENT", "req": "SURPLUS_REQUEST",
        "neg": "SURPLUS_NEGOTIATION", "trf": "SURPLUS_TRANSFER", "rct": "SURPLUS_RECEIPT", "nde": "SURPLUS_PEER",
        "obl": "SURPLUS_OBLIGATION", "dsp": "SURPLUS_DISPUTE",
    ]
}
