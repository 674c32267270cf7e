import Crypto
import Resources
import SwiftASN1
import X509

/// A PKCS#10 request: a public key and the proof that the requester has the private key. What else it says about
/// itself is ignored; the issuer decides names and usages.
package struct CertificateRequest: Sendable {
    /// DER.
    package let bytes: [UInt8]
    let publicKey: Certificate.PublicKey

    /// Asks for a certificate for `key`.
    package init(for key: P256.Signing.PrivateKey) throws(IdentityError) {
        do {
            let request = try CertificateSigningRequest(
                version: .v1, subject: DistinguishedName(), privateKey: Certificate.PrivateKey(key),
                attributes: CertificateSigningRequest.Attributes())
            var serializer = DER.Serializer()
            try serializer.serialize(request)
            bytes = serializer.serializedBytes
            publicKey = request.publicKey
        } catch {
            throw IdentityError("failed to make a certificate request: \(error)")
        }
    }

    /// Reads a request that came from outside and checks its signature.
    package init(untrusted bytes: [UInt8]) throws(IdentityError) {
        guard bytes.count <= CertificateProfile.largest else {
            throw IdentityError("a certificate request of \(bytes.count) bytes, at most \(CertificateProfile.largest) are read")
        }
        guard let request = try? CertificateSigningRequest(derEncoded: bytes) else {
            throw IdentityError("a certificate request that cannot be read")
        }
        guard P256.Signing.PublicKey(request.publicKey) != nil, request.signatureAlgorithm == .ecdsaWithSHA256 else {
            throw IdentityError("a certificate request whose key is not P-256, the only kind that is certified")
        }
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw IdentityError("a certificate request that is not signed by its own key")
        }
        self.bytes = bytes
        publicKey = request.publicKey
    }
}
