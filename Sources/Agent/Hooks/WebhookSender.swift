import Bookkeeping
import Configuration
import Crypto
import FoundationEssentials
import LedgerStore
import Resources

/// Posts each event to an address of the owner's.
///
/// Receivers see an event at least once and know repetitions by its id. With a secret each request carries
/// `Surplus-Signature: t=SECONDS,v1=HEX`, where HEX is HMAC-SHA256 (RFC 2104) with the secret over `SECONDS.BODY`: who checks
/// both cannot be made to take an old request for a new one.
struct WebhookSender: EventReceiver {
    private static let longestSecret = 4096

    let hook: EventHook
    let webhook: EventHook.Webhook
    let teller: EventTeller
    let clock: @Sendable () -> Timestamp

    var name: String { hook.name }
    var isDurable: Bool { true }

    func wants(_ event: Event) -> Bool { hook.matches(event.kind) }

    func take(_ event: StoredEvent) async -> Delivery {
        do {
            let status = try await request(for: event).post(within: hook.timeout)
            return Self.delivery(Int(status.code), status.reasonPhrase)
        } catch {
            return .failed("\(error)")
        }
    }

    /// What a status means. A receiver that knows what it refuses is not asked again, one that is in trouble is; an address
    /// that has moved is the owner's to correct.
    static func delivery(_ status: Int, _ reason: String) -> Delivery {
        switch status {
        case 200..<300: .done
        case 408, 425, 429: .failed("\(status) \(reason)")
        case 400..<500: .refused("\(status) \(reason)")
        case 300..<400: .failed("\(status) \(reason): redirections are not followed, give the address itself")
        default: .failed("\(status) \(reason)")
        }
    }

    private func request(for event: StoredEvent) throws -> WebRequest {
        let body = try teller.json(event)
        var headers = [
            (name: "Content-Type", value: "application/json"), ("User-Agent", "surplus/\(Software.version)"),
            ("Surplus-Event", event.event.kind), ("Surplus-Event-Id", teller.id(of: event)),
        ]
        if let file = webhook.secretFile {
            let seconds = clock().microseconds / 1_000_000
            let signature = Self.signature(of: body, at: seconds, secret: try Self.secret(in: file))
            headers.append(("Surplus-Signature", "t=\(seconds),v1=\(signature)"))
        }
        // Read each time, so that authorities can be changed like secrets.
        let tls = webhook.address.isSecure ? try WebRequest.tls(trusting: webhook.authorities) : nil
        return WebRequest(address: webhook.address, tls: tls, headers: headers, body: body)
    }

    /// In hexadecimal.
    static func signature(of body: [UInt8], at seconds: Int64, secret: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array("\(seconds).".utf8) + body, using: SymmetricKey(data: secret))
        return code.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// The file's content without the line feed that editors end it with. Read each time, so that it can be changed.
    private static func secret(in file: String) throws -> [UInt8] {
        let bytes = try Array(Data(contentsOf: URL(filePath: file)))
        let secret = bytes.last == 0x0A ? Array(bytes.dropLast()) : bytes
        guard (1...longestSecret).contains(secret.count) else {
            throw Refusal(term: "secret", reason: "\(file) should hold a secret of 1 to \(longestSecret) bytes")
        }
        return secret
    }
}
