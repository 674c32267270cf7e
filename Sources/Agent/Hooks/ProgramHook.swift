import Bookkeeping
import Configuration
import Kernel
import LedgerStore
import Resources

/// Runs a program of the owner's for each event: the event is a line of JSON on its standard input.
struct ProgramHook: EventReceiver {
    let hook: EventHook
    let command: [String]
    let teller: EventTeller

    var name: String { hook.name }
    var isDurable: Bool { true }

    func wants(_ event: Event) -> Bool { hook.matches(event.kind) }

    func take(_ event: StoredEvent) async -> Delivery {
        let program = HookProgram(command, environment: teller.environment(event))
        do {
            let input = try teller.json(event)
            let ending = try await onThread { try program.run(atMost: hook.timeout, input: input) }
            // What a program makes of an event is its own affair: it is not run again because it failed.
            return ending == .code(0) ? .done : .refused("it ended with \(ending)")
        } catch {
            return .refused("\(error)")
        }
    }
}
