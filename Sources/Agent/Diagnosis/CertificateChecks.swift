import Identity
import Resources

/// Whether this node can prove who it is, and for how long.
struct CertificateChecks {
    let identity: NodeIdentity?
    /// When the issuing certificate of this node ends; `nil` where it has no such role.
    let issuingUntil: Timestamp?
    let now: Timestamp

    var findings: [Finding] {
        guard let identity else {
            return [.note(.certificates, "membership", "this node is in no pool and needs no certificate")]
        }
        let authority = Self.judge(
            "authority", "the pool's root", until: identity.rootExpiresAt, early: .days(180), now,
            remedy: "found a new pool: the root cannot be renewed")
        let issuing = issuingUntil.map {
            Self.judge(
                "issuing", "the issuing certificate", until: $0, early: .days(30), now,
                remedy: "grant the role again on the node that founded the pool: surplus pool grant \(identity.name)")
        }
        return [own(identity), chain(identity), authority] + [issuing].compactMap(\.self)
    }

    private func own(_ identity: NodeIdentity) -> Finding {
        // It is renewed at half of its life; with a quarter left that has failed for hours.
        Self.judge(
            "own", "the certificate of this node", until: identity.expiresAt,
            early: (identity.expiresAt - identity.issuedAt).scaled(by: 1, over: 4), now,
            remedy: "start a node with the issuing role, which renews it: surplus nodes shows which; or enrol this one again")
    }

    private func chain(_ identity: NodeIdentity) -> Finding {
        do {
            _ = try identity.verifier.verify(identity.chain, at: now)
            return .fine(.certificates, "chain", "leads to the root of the pool '\(identity.poolName)'")
        } catch {
            return .fault(
                .certificates, "chain", "peers will refuse it: \(error)", remedy: "set the clock, or enrol the node again")
        }
    }

    private static func judge(
        _ name: String, _ what: String, until end: Timestamp, early: Microseconds, _ now: Timestamp, remedy: String
    ) -> Finding {
        let left = end - now
        guard left > .zero else {
            return .fault(.certificates, name, "\(what) expired \((-left).shortText) ago", remedy: remedy)
        }
        let finding = "\(what) is good for \(left.shortText)"
        return left < early ? .warning(.certificates, name, finding, remedy: remedy) : .fine(.certificates, name, finding)
    }
}
