import Resources

/// Reads ids from the command line: one that cannot be is bad usage, whatever it is for, and nobody is asked about it.
enum Identifiers {
    static func lease(_ text: String) throws -> String { try read(text, as: LeaseID.self, "a lease", "surplus lease list --all") }
    static func job(_ text: String) throws -> String { try read(text, as: JobID.self, "a job", "surplus job list --all") }

    static func obligation(_ text: String) throws -> String {
        try read(text, as: ObligationID.self, "an obligation", "surplus obligation list --all")
    }

    static func dispute(_ text: String) throws -> String {
        try read(text, as: DisputeID.self, "a dispute", "surplus dispute list --all")
    }

    static func receipt(_ text: String) throws -> String {
        try read(text, as: ReceiptID.self, "a receipt", "surplus explain LEASE")
    }

    /// Of anything that has a story; also the name of a node.
    static func any(_ text: String) throws -> String {
        let prefix = text.prefix { $0 != "_" }
        let readers: [Substring: (String) -> Bool] = [
            "nde": { NodeID($0) != nil }, "pol": { PoolID($0) != nil }, "req": { RequestID($0) != nil },
            "neg": { NegotiationID($0) != nil }, "agr": { AgreementID($0) != nil }, "lse": { LeaseID($0) != nil },
            "job": { JobID($0) != nil }, "trf": { TransferID($0) != nil }, "rct": { ReceiptID($0) != nil },
            "net": { NettingID($0) != nil }, "ckp": { CheckpointID($0) != nil },
            "tok": { TokenID($0) != nil }, "obl": { ObligationID($0) != nil }, "adj": { AdjustmentID($0) != nil },
            "dsp": { DisputeID($0) != nil }, "vol": { VolumeID($0) != nil },
        ]
        guard text.contains("_"), let isWhole = readers[prefix] else { return text }
        guard isWhole(text) else { throw malformed(text, "anything", "surplus events") }
        return text
    }

    private static func read<Tag>(_ text: String, as _: Identifier<Tag>.Type, _ what: String, _ where: String) throws -> String {
        guard Identifier<Tag>(text) != nil else { throw malformed(text, what, `where`) }
        return text
    }

    private static func malformed(_ text: String, _ what: String, _ where: String) -> Failure {
        Failure(object: text, fault: "not the id of \(what)", remedy: "'\(`where`)' shows them")
    }
}
