import Resources

/// Something that goes wrong in a simulated pool, from a time on. Nodes are named by their place, from 0.
package struct Fault: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case crash(Crash)
        /// An agent stands still: its timers are late, what comes for it waits. Its warden goes on.
        case hang(node: Int, span: Microseconds)
        /// The nodes cannot reach the others, nor the others them; one way: they hear but are not heard.
        case partition(nodes: [Int], isOneWay: Bool, span: Microseconds)
        /// What all of the network does in place of what it usually does.
        case weather(Weather, span: Microseconds)
        /// A node's civil time jumps.
        case clockStep(node: Int, by: Microseconds)
        /// A node's clocks go fast, or slow when negative, by so many parts in a million.
        case clockRate(node: Int, partsPerMillion: Int64)
        /// A node's meters show this much of what its guests use.
        case inflation(node: Int, factor: BasisPoints, span: Microseconds)
        /// A node says, besides what is true, what is not: altered messages, those of others, and old ones.
        case forgery(node: Int, span: Microseconds)
    }

    /// The sudden end of an agent.
    package struct Crash: Hashable, Sendable {
        package var node: Int
        /// How long until it starts again.
        package var downFor: Microseconds
        /// Whether the machine goes down, with its guests, and not only the agent.
        package var isReboot = false
        /// The share of the commits under way that had reached the disk without anybody having been told.
        package var written = BasisPoints.zero
        /// Whether of the next one a part had.
        package var isTorn = false

        package init(node: Int, downFor: Microseconds) {
            self.node = node
            self.downFor = downFor
        }
    }

    /// After the beginning of the run.
    package var at: Microseconds
    package var kind: Kind

    package init(at: Microseconds, _ kind: Kind) {
        self.at = at
        self.kind = kind
    }

    /// The word for its kind.
    package enum Word: String, Hashable, CaseIterable, Sendable {
        case crash, reboot, hang, partition, weather, clock, rate, inflate, forge
    }

    package var word: Word {
        switch kind {
        case .crash(let crash): crash.isReboot ? .reboot : .crash
        case .hang: .hang
        case .partition: .partition
        case .weather: .weather
        case .clockStep: .clock
        case .clockRate: .rate
        case .inflation: .inflate
        case .forgery: .forge
        }
    }

    /// How long it lasts; `nil` for what happens at once, or stays.
    package var span: Microseconds? {
        switch kind {
        case .hang(_, let span), .partition(_, _, let span), .weather(_, let span), .inflation(_, _, let span),
            .forgery(_, let span):
            span
        case .crash, .clockStep, .clockRate: nil
        }
    }

    /// The nodes it is about; empty when it is about all.
    package var nodes: [Int] {
        switch kind {
        case .crash(let crash): [crash.node]
        case .hang(let node, _), .clockStep(let node, _), .clockRate(let node, _), .inflation(let node, _, _),
            .forgery(let node, _):
            [node]
        case .partition(let nodes, _, _): nodes
        case .weather: []
        }
    }
}

/// What a network does to messages.
package struct Weather: Hashable, Sendable {
    package var loss: BasisPoints
    package var duplication: BasisPoints
    /// The share of messages that come again much later, as from a confused or hostile network.
    package var lateReplay: BasisPoints
    /// How long a message takes. A wide range lets later ones come before earlier ones.
    package var delay: ClosedRange<Microseconds>

    package init(
        loss: BasisPoints, duplication: BasisPoints, lateReplay: BasisPoints, delay: ClosedRange<Microseconds>
    ) {
        self.loss = loss
        self.duplication = duplication
        self.lateReplay = lateReplay
        self.delay = delay
    }
}
