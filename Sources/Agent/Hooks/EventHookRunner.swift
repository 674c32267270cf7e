import Configuration
import Resources

/// Runs everything that the owner wants done when something happens: the hooks of the policy, and those of the configuration.
struct EventHookRunner: Sendable {
    let membership: PoolMembership
    /// The last event before the membership began: receivers that are new are told of what happens from then on.
    let beginning: Int64

    func run() async {
        let house = membership.house
        let teller = EventTeller(node: membership.own, name: membership.name(of: membership.own), peer: membership.name)
        await withDiscardingTaskGroup { group in
            let lease = LeaseHooks(house: house, engine: membership.engine, name: membership.name)
            group.addTask { await EventFollower(receiver: lease, house: house, beginning: beginning).run() }
            for hook in house.configuration.events {
                group.addTask {
                    switch hook.action {
                    case .run(let command):
                        let receiver = ProgramHook(hook: hook, command: command, teller: teller)
                        await EventFollower(receiver: receiver, house: house, beginning: beginning).run()
                    case .post(let webhook):
                        let sender = WebhookSender(hook: hook, webhook: webhook, teller: teller, clock: house.utc)
                        await EventFollower(receiver: sender, house: house, beginning: beginning).run()
                    }
                }
            }
        }
    }
}
