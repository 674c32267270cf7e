import Foundation
import Testing

/// A web service in Python that takes events as its owner would write it: it checks signatures, and is out of order while a file
/// says so.
final class WebhookReceiver {
    struct Delivery: Decodable {
        let status: Int
        let genuine: Bool
        let id: String
        let event: Event

        struct Event: Decodable {
            let id: String
            let kind: String
            let sequence: Int
            let node: String
            let schema: Int
        }
    }

    let directory: String
    let secret = "a secret of the owner's"
    private(set) var port = 0
    private let process = Process()

    private static let script = """
        import hashlib, hmac, http.server, json, os, sys, time
        home, secret = sys.argv[1], sys.argv[2].encode()
        class Receiver(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                parts = dict(part.split("=", 1) for part in self.headers["Surplus-Signature"].split(","))
                mac = hmac.new(secret, parts["t"].encode() + b"." + body, hashlib.sha256).hexdigest()
                genuine = hmac.compare_digest(mac, parts["v1"]) and abs(time.time() - int(parts["t"])) < 60
                status = 503 if os.path.exists(home + "/down") else 204
                line = {"status": status, "genuine": genuine, "id": self.headers["Surplus-Event-Id"], "event": json.loads(body)}
                with open(home + "/deliveries", "a") as log: log.write(json.dumps(line) + "\\n")
                self.send_response(status)
                self.end_headers()
            def log_message(self, *arguments): pass
        server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
        if os.path.exists(home + "/certificate.pem"):
            import ssl
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(home + "/certificate.pem", home + "/key.pem")
            server.socket = context.wrap_socket(server.socket, server_side=True)
        print(server.server_port, flush=True)
        server.serve_forever()
        """

    /// - Parameter name: in a certificate that is signed by itself; without one it is called in the clear.
    init(certified name: String? = nil) throws {
        directory = NSTemporaryDirectory() + "/surplus-webhook-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try (secret + "\n").write(toFile: directory + "/secret", atomically: true, encoding: .utf8)
        if let name {
            let made = try LivePool.run(
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                    "/CN=receiver", "-addext", "subjectAltName=\(name)", "-keyout", directory + "/key.pem", "-out",
                    directory + "/certificate.pem",
                ], path: "/usr/bin/openssl")
            try #require(made.status == 0, "\(made.errors)")
        }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", Self.script, directory, secret]
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        port = try #require(Int(line.trimmingCharacters(in: .whitespacesAndNewlines)), "the receiver did not start: \(line)")
    }

    deinit {
        // A child inherits which signals are held back.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Takes it out of order, or mends it.
    func set(working: Bool) throws {
        let file = directory + "/down"
        if working {
            try FileManager.default.removeItem(atPath: file)
        } else {
            try Data().write(to: URL(fileURLWithPath: file))
        }
    }

    /// Everything that came, in order.
    var deliveries: [Delivery] {
        let text = (try? String(contentsOfFile: directory + "/deliveries", encoding: .utf8)) ?? ""
        let decoder = JSONDecoder()
        return text.split(separator: "\n").compactMap { try? decoder.decode(Delivery.self, from: Data($0.utf8)) }
    }

    /// What was taken.
    var taken: [Delivery] { deliveries.filter { $0.status == 204 } }

    /// How many events were taken, each at least once.
    var told: Int { Set(taken.map(\.id)).count }
}
