import Configuration
import Logging
import Resources
import Synchronization
import Wire

/// Serves the OpenMetrics page. Where it cannot, as when another program has the port, that is said and tried again: nothing
/// else depends on it.
final class MetricsServer: Sendable {
    private static let path = "/metrics"
    private static let retry = Duration.seconds(30)

    private let place: Wire.Endpoint
    private let log: Logger
    private let listening = Mutex<Wire.Endpoint?>(nil)

    init(on place: Configuration.Endpoint, log: Logger) {
        self.place = Wire.Endpoint(host: place.host, port: Int(place.port))
        self.log = log
    }

    /// Where the page is; `nil` while it is nowhere.
    var url: String? { listening.withLock { $0 }.map { "http://\($0)\(Self.path)" } }

    /// Serves until cancelled.
    func run(_ render: @escaping @Sendable (_ accept: String) async -> HTTPPage) async {
        let listener = PageListener(on: place, path: Self.path, render)
        var known: WireError?
        while !Task.isCancelled {
            do throws(WireError) {
                try await listener.run { place in
                    listening.withLock { $0 = place }
                    log.info("serves metrics", metadata: ["at": "http://\(place)\(Self.path)"])
                }
            } catch {
                if known != error { log.error("\(error): metrics are served once that is possible") }
                known = error
            }
            listening.withLock { $0 = nil }
            await Task.rest(for: Self.retry)
        }
    }
}
