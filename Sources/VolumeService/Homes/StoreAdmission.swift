internal import Dispatch
package import Resources
internal import Synchronization
package import Volumes

/// Sees to it that the stores of a volume let those nodes read and write that have sessions, and no others.
///
/// A session begins when all stores that are heard of know of its node, or have had some time for it. Whoever did not answer is told
/// again.
package final class StoreAdmission: Sendable {
    /// Has a store take a set of nodes in place of the one before, for good, and calls with whether it has.
    ///
    /// It is given the nodes, those among them that may take the volume over, this home among them, and the store.
    package typealias Ask = @Sendable ([NodeID], [NodeID], StorePlace, @escaping @Sendable (Bool) -> Void) -> Void

    private struct State {
        /// Nodes with sessions, and those that are about to begin one.
        var nodes: Set<NodeID>
        /// Those that may take the volume over, in order.
        var heirs: [NodeID]
        /// One higher for each other set.
        var version: UInt64 = 1
        var stores = SortedMap<NodeID, StorePlace>()
        /// The last version that each store has, and those that are asked now.
        var known: [NodeID: UInt64] = [:]
        var asked: Set<NodeID> = []
        var waiting: [(version: UInt64, goOn: @Sendable () -> Void)] = []
    }

    /// After so long a session begins whatever stores say.
    private static let patience = DispatchTimeInterval.seconds(2)

    private let home: NodeID
    private let ask: Ask
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "surplus.volume.admission")

    /// - Parameters:
    ///   - nodes: that have sessions already.
    ///   - heirs: that may take the volume over already: what stores are told first is in the place of what the home before had told.
    init(home: NodeID, nodes: [NodeID], heirs: [NodeID] = [], ask: @escaping Ask) {
        (self.home, self.ask) = (home, ask)
        state = Mutex(State(nodes: Set(nodes + [home]), heirs: heirs))
    }

    /// The stores are these now.
    func meet(_ places: [StorePlace]) {
        state.withLock { state in
            let before = state.stores
            state.stores = SortedMap(places.map { ($0.node, $0) })
            for place in places {
                let known = before[place.node]
                // What was lost may have lost what it knew.
                let isSame = known?.host == place.host && known?.port == place.port && known?.condition.phase != .lost
                if !isSame { state.known[place.node] = nil }
            }
        }
        tell()
    }

    /// A node is about to begin a session, which goes on when stores know of it.
    func come(_ node: NodeID, goOn: @escaping @Sendable () -> Void) {
        state.withLock { state in if state.nodes.insert(node).inserted { state.version += 1 } }
        wait(goOn)
        tell()
    }

    /// Calls when stores know what is so now, or have had some time for it.
    private func wait(_ goOn: @escaping @Sendable () -> Void) {
        let once = Once(goOn)
        state.withLock { $0.waiting.append(($0.version, { once.call() })) }
        queue.asyncAfter(deadline: .now() + Self.patience) { once.call() }
    }

    /// As ``name(heirs:)``.
    ///
    /// - Parameter goOn: is called when stores know of it, or have had some time for it.
    func name(heirs: [NodeID], goOn: @escaping @Sendable () -> Void) {
        name(heirs: heirs)
        wait(goOn)
        tell()
    }

    /// These nodes may take the volume over: to know its stores, they may use it.
    func name(heirs: [NodeID]) {
        let isNew = state.withLock { state in
            guard state.heirs != heirs else { return false }
            (state.heirs, state.version) = (heirs, state.version + 1)
            return true
        }
        if isNew { tell() }
    }

    /// A node has no session any more.
    func leave(_ node: NodeID) {
        state.withLock { state in
            if node != home, state.nodes.remove(node) != nil { state.version += 1 }
        }
        tell()
    }

    /// Tells stores what they do not know; to be called now and then.
    func tell() {
        let (due, nodes, heirs, version) = state.withLock { state in
            let due = state.stores.values.filter { store in
                store.condition.phase != .lost && state.known[store.node] != state.version && !state.asked.contains(store.node)
            }
            state.asked.formUnion(due.map(\.node))
            return (due, state.nodes.union(state.heirs).sorted(), Set(state.heirs + [home]).sorted(), state.version)
        }
        for store in due {
            ask(nodes, heirs, store) { [weak self] isDone in self?.told(store.node, version, isDone) }
        }
        goOn()
    }

    private func told(_ store: NodeID, _ version: UInt64, _ isDone: Bool) {
        let isBehind = state.withLock { state in
            state.asked.remove(store)
            if isDone { state.known[store] = max(state.known[store] ?? 0, version) }
            return isDone && version < state.version
        }
        if isBehind { tell() } else { goOn() }
    }

    private func goOn() {
        let ready = state.withLock { state in
            let heard = state.stores.values.filter { $0.condition.phase != .lost }
            let known = heard.map { state.known[$0.node] ?? 0 }.min() ?? .max
            let ready = state.waiting.filter { $0.version <= known }
            state.waiting.removeAll { $0.version <= known }
            return ready
        }
        for one in ready { one.goOn() }
    }

    private final class Once: Sendable {
        private let body: Mutex<(@Sendable () -> Void)?>
        init(_ body: @escaping @Sendable () -> Void) { self.body = Mutex(body) }

        func call() {
            let body = body.withLock { body in
                defer { body = nil }
                return body
            }
            body?()
        }
    }
}
