import Reclaim
import Resources

/// What a warden says of itself at the start of a connection.
package struct WardenHello: Hashable, Sendable {
    /// The protocol version that both sides use from here on.
    package var version: Int
    /// The warden's release.
    package var release: String
    package var instance: String
    /// `"cgroup v2"`, `"cgroup v1"`, either with ``exception`` and what does not hold, or `"none: "` and why limits are not
    /// enforced, as its last self-test found it. When a later one finds something else, the warden ends the connection, so that
    /// agents say hello again.
    package var enforcement: String
    /// Why no program can be run here at all; `nil` when the sandbox works and limits hold as far as they must.
    package var sandboxFault: String?

    /// Stands in ``enforcement`` before what does not hold.
    package static let exception = ", except "

    /// Whether limits hold but for some that may be missing.
    package var hasExceptions: Bool { enforcement.contains(Self.exception) && !enforcement.hasPrefix("none") }

    package init(version: Int, release: String, instance: String, enforcement: String, sandboxFault: String?) {
        self.version = version
        self.release = release
        self.instance = instance
        self.enforcement = enforcement
        self.sandboxFault = sandboxFault
    }
}

/// Why a warden did not do what it was asked.
package struct WardenFault: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// No protocol version in common.
        case version
        /// The frame was not understood.
        case malformed
        case unknownLease
        case unknownJob
        /// It does not fit what the lease or job is doing now.
        case wrongState
        /// A bound of the warden is reached.
        case full
        /// The kernel refused.
        case kernel
    }

    package var kind: Kind
    package var description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// The answer to one ``WardenRequest``.
package enum WardenReply: Hashable, Sendable {
    case hello(WardenHello)
    /// Done, or it was so already.
    case done
    /// A lease's final counters; `nil` when this warden never had the lease or has lost its counters.
    case closed(LeaseMeter?)
    /// The absolute path of a job's directory.
    case place(String)
    case job(JobState)
    case inventory(WardenInventory)
    case readings(WardenReadings)
    case measurements([LeaseMeasurement])
    case moves([Move])
    case failed(WardenFault)
}

/// What a warden tells by itself.
package enum WardenNotice: Hashable, Sendable {
    /// A lease climbed or descended the ladder.
    case moved(Move)
    /// The enforcer takes a lease back: what runs under it is warned and ended after the notice of its class, or at once. Since
    /// version 3.
    case takingBack(LeaseID, TakingBack)
    /// A job's program has ended.
    case jobEnded(JobState)
    /// The warden ended a lease whose time was up; its counters are final.
    case leaseEnded(LeaseID, LeaseMeter)
    /// Owner and guests hold this much more memory than the threshold allows; zero when that is over.
    case memoryShort(Bytes)
}

extension WardenNotice {
    /// Whether who understands frames of a form knows what it is about.
    package func isKnown(in form: UInt16) -> Bool {
        switch self {
        case .moved(let move): form >= 2 || max(move.change.from, move.change.to) <= .throttled
        case .takingBack: form >= 2
        case .jobEnded, .leaseEnded, .memoryShort: true
        }
    }
}
