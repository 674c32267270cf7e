import Kernel
import Resources

/// Whether the clock can be trusted, as far as this machine and its peers tell.
struct ClockChecks {
    /// Beyond this, certificates and tokens begin to be refused at their edges.
    static let tolerance = Microseconds.seconds(5)

    /// `nil` when the kernel does not tell.
    let isSynchronised: Bool?
    /// Whose clock is how far ahead of this one, by name; no more exactly than a call takes.
    var peers: [(name: String, ahead: Microseconds)] = []

    var findings: [Finding] { [synchronisation] + skew }

    private var synchronisation: Finding {
        switch isSynchronised {
        case true?: .fine(.clock, "synchronisation", "the system clock is kept in step")
        case false?:
            .warning(
                .clock, "synchronisation", "nothing keeps the system clock in step",
                remedy: "run an NTP client: apt-get install systemd-timesyncd, or chrony")
        case nil: .note(.clock, "synchronisation", "the kernel does not tell whether the clock is kept in step")
        }
    }

    private var skew: [Finding] {
        guard !peers.isEmpty else { return [] }
        let wrong = peers.filter { $0.ahead > Self.tolerance || -$0.ahead > Self.tolerance }
        guard !wrong.isEmpty else {
            let largest = peers.map { max($0.ahead, -$0.ahead) }.max() ?? .zero
            return [
                .fine(.clock, "skew", "within \(largest.shortText) of \(peers.count == 1 ? "one peer" : "\(peers.count) peers")")
            ]
        }
        return wrong.map { peer in
            let distance = peer.ahead > .zero ? "\(peer.ahead.shortText) ahead of" : "\((-peer.ahead).shortText) behind"
            return .warning(
                .clock, "skew", "the clock of \(peer.name) is \(distance) this one", remedy: "set the one that is wrong")
        }
    }
}
