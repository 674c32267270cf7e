import Crypto
import FoundationEssentials
import Resources
import SwiftASN1
import X509

/// What the certificates of a pool look like. There are four kinds and each chain is exactly leaf, issuing, root:
///
/// - *root*: self-signed, 10 years, common name is the pool's name, URI `surplus:pool/<pol_id>`;
/// - *issuing*: signed by the root, 1 year, path length 0, names its holder `surplus:node/<nde_id>` and the pool;
/// - *leaf*: signed by an issuing certificate, 24 hours, for TLS on both sides, names the node and the pool;
/// - *user*: the leaf of a user, 90 days unless it was said otherwise, for TLS clients only, names
///   `surplus:user/<usr_id>` and the pool. What the user may do is not in it: the pool's records say that.
///
/// All keys are P-256, all signatures ECDSA with SHA-256.
package enum CertificateProfile {
    package static let rootLifetime = Microseconds.days(3652)
    package static let issuingLifetime = Microseconds.days(365)
    package static let leafLifetime = Microseconds.hours(24)
    package static let userLifetime = Microseconds.days(90)
    /// For which time a user may be certified. An issuing certificate is renewed half a year before its end.
    package static let userLifetimes = Microseconds.minutes(1)...Microseconds.days(180)
    /// How far a certificate begins in the past, for peers whose clocks are behind.
    package static let backdating = Microseconds.minutes(5)
    /// The largest certificate or request read from outside, in bytes.
    package static let largest = 8192

    private static let nodePrefix = "surplus:node/"
    private static let userPrefix = "surplus:user/"
    private static let poolPrefix = "surplus:pool/"

    /// The names that a certificate of a pool carries.
    struct Bearer: Hashable, Sendable {
        var pool: PoolID
        var node: NodeID?
        var user: UserID?

        init(pool: PoolID, node: NodeID? = nil, user: UserID? = nil) {
            self.pool = pool
            self.node = node
            self.user = user
        }

        /// Reads the URIs of the subject's alternative names; `nil` without exactly one pool and at most one node or user.
        init?(_ certificate: Certificate) {
            guard let names = try? certificate.extensions.subjectAlternativeNames else { return nil }
            var pools: [PoolID] = []
            var nodes: [NodeID] = []
            var users: [UserID] = []
            for case .uniformResourceIdentifier(let uri) in names {
                if uri.hasPrefix(poolPrefix), let pool = PoolID(String(uri.dropFirst(poolPrefix.count))) { pools.append(pool) }
                if uri.hasPrefix(nodePrefix), let node = NodeID(String(uri.dropFirst(nodePrefix.count))) { nodes.append(node) }
                if uri.hasPrefix(userPrefix), let user = UserID(String(uri.dropFirst(userPrefix.count))) { users.append(user) }
            }
            guard pools.count == 1, nodes.count + users.count <= 1 else { return nil }
            self.init(pool: pools[0], node: nodes.first, user: users.first)
        }

        var alternativeNames: SubjectAlternativeNames {
            var names: [GeneralName] = [.uniformResourceIdentifier(poolPrefix + pool.description)]
            if let user { names.insert(.uniformResourceIdentifier(userPrefix + user.description), at: 0) }
            if let node { names.insert(.uniformResourceIdentifier(nodePrefix + node.description), at: 0) }
            return SubjectAlternativeNames(names)
        }
    }

    static func root(_ bearer: Bearer) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 1))
            Critical(KeyUsage(keyCertSign: true))
            bearer.alternativeNames
        }
    }

    static func issuing(_ bearer: Bearer) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
            Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
            bearer.alternativeNames
        }
    }

    static func leaf(_ bearer: Bearer) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.serverAuth, .clientAuth])
            bearer.alternativeNames
        }
    }

    static func user(_ bearer: Bearer) throws -> Certificate.Extensions {
        try Certificate.Extensions {
            Critical(BasicConstraints.notCertificateAuthority)
            Critical(KeyUsage(digitalSignature: true))
            try ExtendedKeyUsage([.clientAuth])
            bearer.alternativeNames
        }
    }

    static func distinguishedName(_ commonName: String) throws -> DistinguishedName {
        try DistinguishedName { CommonName(commonName) }
    }
}

extension Certificate {
    /// SHA-256 of the public key, an uncompressed point (X9.63); `nil` when it is not P-256.
    var keyDigest: Resources.Digest? {
        P256.Signing.PublicKey(publicKey).map { Resources.Digest([UInt8](SHA256.hash(data: $0.x963Representation))) }
    }

    /// The first common name of the subject, or nothing.
    var commonName: String {
        for name in subject {
            for attribute in name where attribute.type == .RDNAttributeType.commonName {
                return String(attribute.value) ?? ""
            }
        }
        return ""
    }

    var der: [UInt8] {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return serializer.serializedBytes
        }
    }

    /// Reads one certificate from bytes that come from outside.
    init(untrusted der: [UInt8]) throws(IdentityError) {
        guard der.count <= CertificateProfile.largest else {
            throw IdentityError("a certificate of \(der.count) bytes, at most \(CertificateProfile.largest) are read")
        }
        do { try self.init(derEncoded: der) } catch {
            throw IdentityError("a certificate that cannot be read: \(error)")
        }
    }
}

extension Timestamp {
    /// To whole seconds, as certificates count.
    var date: Date { Date(timeIntervalSince1970: Double(microseconds / 1_000_000)) }

    init(_ date: Date) { self.init(microseconds: Int64(date.timeIntervalSince1970) * 1_000_000) }

    /// `2026-11-21T08:02:36Z`
    package var text: String { date.formatted(.iso8601) }
}
