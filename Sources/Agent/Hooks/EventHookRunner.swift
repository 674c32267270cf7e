import Configuration
import Resources

/// Runs everything that the owner wants done when something happens: the hooks of the policy, and those of the configuration.
struct EventHookRunner: Sendable {
    let membership: PoolMembership

    func run() async {
        let (house, engine) = (membership.house, membership.engine)
        let teller = EventTeller(node: membership.own, name: membership.name(of: membership.own), peer: membership.name)
        await withDiscardingTaskGroup { group in
            let lease = LeaseHooks(house: house, engine: engine, name: membership.name)
            group.addTask { await EventFollower(receiver: lease, house: house, engine: engine).run() }
            for hook in house.configuration.events {
                group.addTask {
                    switch hook.action {
                    case .run(let command):
                        let receiver = ProgramHook(hook: hook, command: command, teller: teller)
                        await EventFollower(receiver: receiver, house: house, engine: engine).run()
                    case .post(let webhook):
                        let sender = WebhookSender(hook: hook, webhook: webhook, teller: teller, clock: house.utc)
                        await EventFollower(receiver: sender, house: house, engine: engine).run()
                    }
                }
            }
        }
    }
}
