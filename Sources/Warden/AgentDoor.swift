import Glibc
import Kernel
import Resources
import Sandbox

/// Where agents come in: the listening socket and the connections of those who may give orders.
final class AgentDoor {
    private struct Connection {
        var descriptor: Int32
        var stream: FrameStream
        /// The form of frames that both speak; `nil` before the hello.
        var form: UInt16?
        /// It is closed as soon as what was said to it is sent.
        var isLeaving = false
    }

    private static let mostConnections = 16
    /// A connection that leaves more than this unread is dropped.
    private static let largestBacklog = 4 << 20

    private let path: String
    private let agent: uid_t
    private let log: DecisionLog
    /// `nil` while it is shut.
    private var listener: Int32?
    private var connections: [Int: Connection] = [:]
    private var next = 0

    /// It is shut until it is opened.
    init(_ configuration: WardenConfiguration, log: DecisionLog) {
        path = configuration.socket
        agent = configuration.agent
        self.log = log
    }

    /// Lets agents in from now on.
    func open() throws(KernelError) {
        listener = try UnixSocket.listen(at: path, mode: 0o600)
        guard agent == geteuid() || chown(path, agent, gid_t.max) == 0 else {
            throw KernelError("give \(path) to user \(agent)", errno)
        }
    }

    /// Descriptors to watch; the listener's connection number is 0.
    var watched: [(connection: Int, descriptor: Int32, events: Int16)] {
        (listener.map { [(0, $0, Int16(POLLIN))] } ?? [])
            + connections.map {
                ($0.key, $0.value.descriptor, Int16(POLLIN) | ($0.value.stream.backlog > 0 ? Int16(POLLOUT) : 0))
            }
    }

    /// Takes what a watched descriptor has and hands each call to `handle`.
    func serve(_ connection: Int, _ handle: (WardenRequest, Responder) -> Void) {
        if connection == 0 { return admit() }
        guard let progress = connections[connection]?.stream.receive() else { return }
        do throws(CanonicalReader.Malformed) {
            while let frame = try connections[connection]?.stream.next() {
                let call = try WardenCall(bytes: frame)
                let responder = Responder(connection: connection, call: call.number)
                guard connections[connection]?.isLeaving == false else { break }
                if case .hello = call.request {
                } else if connections[connection]?.form == nil {
                    throw CanonicalReader.Malformed(description: "a call before the hello")
                }
                handle(call.request, responder)
            }
        } catch {
            log.write("agent.malformed", ["error": error])
            dismiss(connection, with: WardenFault(.malformed, "\(error)"), to: 0)
        }
        if case .closed = progress { drop(connection) }
        flush(connection)
    }

    /// Answers the hello; from then on both speak a protocol version.
    func greet(_ hello: WardenHello, _ responder: Responder) {
        reply(.hello(hello), to: responder)
        connections[responder.connection]?.form = WardenProtocol.form(in: hello.version)
    }

    func reply(_ reply: WardenReply, to responder: Responder) {
        let form = connections[responder.connection]?.form ?? WardenProtocol.firstForm
        connections[responder.connection]?.stream.enqueue(WardenMessage.reply(responder.call, reply).bytes(form: form))
        flush(responder.connection)
    }

    /// Answers with a fault and ends the connection.
    func dismiss(_ connection: Int, with fault: WardenFault, to call: UInt64) {
        connections[connection]?.isLeaving = true
        reply(.failed(fault), to: Responder(connection: connection, call: call))
    }

    /// Ends all connections; whoever has not got an answer yet asks again, after a new hello.
    func dismissAll() {
        for connection in connections.keys { drop(connection) }
    }

    func tell(_ notice: WardenNotice) {
        for connection in connections.keys.sorted() {
            guard let form = connections[connection]?.form, notice.isKnown(in: form) else { continue }
            connections[connection]?.stream.enqueue(WardenMessage.notice(notice).bytes(form: form))
            flush(connection)
        }
    }

    /// Lets nobody in any more; what is connected is cut off.
    func close() {
        dismissAll()
        guard let listener else { return }
        Glibc.close(listener)
        unlink(path)
    }

    private func admit() {
        while let listener, let descriptor = try? UnixSocket.accept(on: listener) {
            let peer = try? UnixSocket.peer(of: descriptor)
            guard let peer, peer.user == agent || peer.user == 0, connections.count < Self.mostConnections else {
                log.write("agent.refused", ["user": peer.map { Int($0.user) } ?? -1, "connections": connections.count])
                Glibc.close(descriptor)
                continue
            }
            next += 1
            connections[next] = Connection(
                descriptor: descriptor, stream: FrameStream(descriptor: descriptor, limit: WardenProtocol.largestFrame))
        }
    }

    private func flush(_ connection: Int) {
        guard let progress = connections[connection]?.stream.flush(), let entry = connections[connection] else { return }
        if case .closed = progress { return drop(connection) }
        if entry.stream.backlog > Self.largestBacklog || entry.isLeaving && entry.stream.backlog == 0 { drop(connection) }
    }

    private func drop(_ connection: Int) {
        if let entry = connections.removeValue(forKey: connection) { Glibc.close(entry.descriptor) }
    }
}
