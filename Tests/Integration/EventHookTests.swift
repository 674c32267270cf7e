import Foundation
import Testing

extension LiveTests {
    /// Programs and web services that are told of events, with real daemons.
    @Suite struct EventHookTests {
        /// Starts a node again with more in its configuration.
        private func reconfigure(_ pool: LivePool, _ more: String) throws {
            try pool.stop("node1")
            let file = pool.directory + "/node1/config.yaml"
            let before = try String(contentsOfFile: file, encoding: .utf8)
            try (before + more).write(toFile: file, atomically: true, encoding: .utf8)
            try pool.start("node1")
        }

        private func happen(_ pool: LivePool) throws {
            let file = pool.directory + "/token-\(UUID().uuidString)"
            let made = try pool.surplus("node1", ["pool", "token", "create", "--out", file])
            try #require(made.status == 0, "\(made.errors)")
        }

        @Test(
            "a receiver that was out of order gets every event signed, in order and with the same id, over a restart of the agent"
        )
        func webhook() throws {
            let (pool, receiver) = (try LivePool(nodes: 1), try WebhookReceiver())
            try receiver.set(working: false)
            try reconfigure(
                pool,
                """
                events:
                  - on: token.created
                    post: http://127.0.0.1:\(receiver.port)/events
                    secret_file: \(receiver.directory)/secret

                """)
            try happen(pool)
            try LivePool.eventually("it is tried twice") { receiver.deliveries.count >= 2 ? true : nil }
            try happen(pool)
            #expect(try pool.surplus("node1", ["status"]).status == 0)
            try pool.stop("node1")
            try receiver.set(working: true)
            try pool.start("node1")
            try LivePool.eventually("both were taken") { receiver.told >= 2 ? true : nil }
            try happen(pool)
            try LivePool.eventually("the third was taken") { receiver.told >= 3 ? true : nil }

            let (all, taken) = (receiver.deliveries, receiver.taken)
            #expect(
                all.allSatisfy { $0.genuine && $0.id == $0.event.id && $0.event.kind == "token.created" && $0.event.schema == 1 })
            #expect(taken.map(\.event.sequence) == taken.map(\.event.sequence).sorted())
            #expect(receiver.told == 3, "each at least once, and no other")
            // What failed is what was told again.
            #expect(Set(all.filter { $0.status == 503 }.map(\.id)).isSubset(of: taken.map(\.id)))
        }

        @Test("a receiver is told over TLS only where its owner trusts its certificate, and that is for its own name")
        func secureWebhook() throws {
            let (trusted, unknown, misnamed) = (
                try WebhookReceiver(certified: "IP:127.0.0.1"), try WebhookReceiver(certified: "IP:127.0.0.1"),
                try WebhookReceiver(certified: "DNS:elsewhere.example")
            )
            func hook(_ receiver: WebhookReceiver, authorities: String) -> String {
                """
                  - on: token.created
                    post: https://127.0.0.1:\(receiver.port)/events
                    secret_file: \(receiver.directory)/secret
                    ca_file: \(authorities)/certificate.pem

                """
            }
            let pool = try LivePool(nodes: 1)
            try reconfigure(
                pool,
                "events:\n" + hook(trusted, authorities: trusted.directory) + hook(unknown, authorities: trusted.directory)
                    + hook(misnamed, authorities: misnamed.directory))
            try happen(pool)
            try LivePool.eventually("the trusted one is told") { trusted.taken.isEmpty ? nil : true }
            #expect(trusted.taken.allSatisfy { $0.genuine })
            let log = pool.directory + "/node1/surplusd.log"
            for receiver in [unknown, misnamed] {
                try LivePool.eventually("what is wrong with the certificate of the other is said") {
                    let lines = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
                    let complaint = lines.first { $0.contains(":\(receiver.port)/") && $0.contains(/certificate/.ignoresCase()) }
                    return complaint == nil ? nil : true
                }
                #expect(receiver.deliveries.isEmpty)
            }
        }

        @Test("a program gets each event on its standard input and in variables, without privileges")
        func program() throws {
            let pool = try LivePool(nodes: 1)
            let place = pool.directory + "/hook"
            try FileManager.default.createDirectory(
                atPath: place, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
            try reconfigure(
                pool,
                """
                events:
                  - on: [token.*]
                    run: [/bin/sh, -c, 'cat >> \(place)/events; echo "$SURPLUS_EVENT $SURPLUS_NODE_NAME $(id -u)" >> \(place)/variables']

                """)
            try happen(pool)
            try happen(pool)
            func lines(_ file: String) -> [Substring] {
                ((try? String(contentsOfFile: "\(place)/\(file)", encoding: .utf8)) ?? "").split(separator: "\n")
            }
            try LivePool.eventually("it ran twice") { lines("variables").count == 2 ? true : nil }
            let user = geteuid() == 0 ? "65534" : String(geteuid())
            #expect(lines("variables").allSatisfy { $0 == "token.created node1 \(user)" }, "\(lines("variables"))")
            let events = try lines("events").map {
                try JSONDecoder().decode(WebhookReceiver.Delivery.Event.self, from: Data($0.utf8))
            }
            #expect(events.count == 2 && events[0].sequence < events[1].sequence)
            let shown = try pool.surplus("node1", ["events", "--kind", "token.*", "--json"])
            #expect(shown.text.split(separator: "\n").count >= 2)
            #expect(!shown.text.contains("pool.founded"))
        }

        @Test(
            "a faulty hook is refused with its line, and the agent does not start",
            arguments: [
                ("- {on: [lease.*], post: 'http://example.org/'}", "in the clear"),
                ("- {on: [lease.*]}", "does nothing"),
                ("- {on: [lease.*], run: [relative]}", "absolute path"),
                ("- {on: [Lease], run: [/bin/true]}", "write a kind of event"),
                ("- {on: [], run: [/bin/true]}", "names no kind"),
                ("- {on: '*', post: 'https://example.org/', secret_file: /nonexistent/secret}", "cannot be read"),
                ("- {on: '*', run: [/bin/true], secret_file: /etc/hostname}", "belongs to 'post'"),
            ])
        func faulty(_ hook: String, _ complaint: String) throws {
            let agent = try LoneAgent(more: "warden: none\nevents:\n  \(hook)\n")
            let file = agent.directory + "/agent.yaml"
            let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            let line = try #require(lines.firstIndex { $0.contains(hook) }) + 1
            let checked = try LivePool.run(["--config", file, "--check-config"], program: "surplusd")
            #expect(checked.status == 2 && checked.errors.contains(complaint), "\(checked.status): \(checked.errors)")
            #expect(checked.errors.contains("agent.yaml:\(line):"), "\(checked.errors)")
        }
    }
}
