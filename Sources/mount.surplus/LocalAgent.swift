import Dispatch
import GRPCCore
import Resources
import Synchronization
import Wire

/// The agent of this machine, for threads that wait for its answers.
struct LocalAgent: Sendable {
    private static let patience = Duration.seconds(30)

    let socket: String

    /// What it takes to mount a volume.
    func prepare(_ volume: String, isReadOnly: Bool) throws(MountFailure) -> Surplus_V1_MountPlan {
        try ask { control, options in
            try await control.prepareMount(.with { ($0.volume, $0.readOnly) = (volume, isReadOnly) }, options: options)
        }
    }

    /// Where a volume's home is now; `nil` when the agent is not there or does not know.
    func locate(_ volume: VolumeID) -> HomeContact? {
        let place = try? ask { try await $0.locateVolume(.with { $0.volume = volume.description }, options: $1) }
        return place.flatMap(HomeContact.init)
    }

    private func ask<Answer: Sendable>(
        _ question: @escaping @Sendable (ControlClient.Client, CallOptions) async throws -> Answer
    ) throws(MountFailure) -> Answer {
        let (result, hasCome) = (Answered<Answer>(), DispatchSemaphore(value: 0))
        Task { [socket] in
            do {
                let answer = try await ControlClient.connect(to: socket) { control in
                    var options = CallOptions.defaults
                    options.timeout = Self.patience
                    return try await question(control, options)
                }
                result.value.withLock { $0 = .success(answer) }
            } catch {
                result.value.withLock { $0 = .failure(MountFailure(asking: socket, error)) }
            }
            hasCome.signal()
        }
        hasCome.wait()
        guard let answer = result.value.withLock({ $0 }) else { preconditionFailure("an answer has come") }
        return try answer.get()
    }

    private final class Answered<Answer: Sendable>: Sendable {
        let value = Mutex<Result<Answer, MountFailure>?>(nil)
    }
}

/// Where the home of a volume listens.
struct HomeContact: Hashable, Sendable {
    let node: NodeID
    let host: String
    let port: Int

    /// `nil` when the agent does not know where it listens.
    init?(_ message: Surplus_V1_VolumePlace) {
        guard let node = NodeID(message.home), !message.host.isEmpty, (1...65535).contains(message.port) else { return nil }
        (self.node, host, port) = (node, message.host, Int(message.port))
    }
}
