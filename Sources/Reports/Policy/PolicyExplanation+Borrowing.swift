import Resources

extension PolicyExplanation {
    /// A rule by which this node borrows itself, and how it stands.
    package struct Rule: Encodable, Sendable {
        /// What it may spend, and has spent.
        package struct Budget: Encodable, Sendable {
            let creditsMicrocredits: Int64
            /// `hour`, `day`, `week` or `month`.
            let per: String
            let paidMicrocredits: Int64
            let reservedMicrocredits: Int64
            /// What more may be reserved now.
            let leftMicrocredits: Int64

            package init(credits: Microcredits, per: String, paid: Microcredits, reserved: Microcredits, left: Microcredits) {
                creditsMicrocredits = credits.rawValue
                self.per = per
                paidMicrocredits = paid.rawValue
                reservedMicrocredits = reserved.rawValue
                leftMicrocredits = left.rawValue
            }

            fileprivate var text: String {
                "\(Microcredits(paidMicrocredits).text) paid and \(Microcredits(reservedMicrocredits).text) reserved of "
                    + "\(Microcredits(creditsMicrocredits).text) per \(per), \(Microcredits(leftMicrocredits).text) left now"
            }
        }

        let name: String
        let condition: Condition
        /// What each node is to give.
        let wants: AmountFigures
        let nodes: Int
        let leases: [String]
        /// Those of them under which nothing runs.
        let idleLeases: [String]
        let isAsking: Bool
        /// Why it does not have what it is to have.
        let shortage: String?
        let budget: Budget?

        package init(
            name: String, condition: Condition, wants: Amounts, nodes: Int, leases: [String], idleLeases: [String],
            isAsking: Bool, shortage: String?, budget: Budget?
        ) {
            self.name = name
            self.condition = condition
            self.wants = AmountFigures(wants)
            self.nodes = nodes
            self.leases = leases
            self.idleLeases = idleLeases
            self.isAsking = isAsking
            self.shortage = shortage
            self.budget = budget
        }
    }

    /// What credits lose that stand idle, and what does.
    package struct Decay: Encodable, Sendable {
        package struct Idle: Encodable, Sendable {
            let peer: String
            let peerName: String
            /// Whether the peer owes it; otherwise this node does.
            let owedToUs: Bool
            let idleMicrocredits: Int64
            let stoodMicroseconds: Int64
            /// What has decayed between both in this direction so far.
            let decayedMicrocredits: Int64
            /// What the policy of the peer allows, as it said last.
            let peerAllowsRateBasisPoints: Int64?
            let peerAllowsIdleMicroseconds: Int64?
            /// Why the last step was not agreed to.
            let refused: String?

            package init(
                peer: String, peerName: String, owedToUs: Bool, idle: Microcredits, stood: Microseconds, decayed: Microcredits,
                peerAllows: DecayRule? = nil, refused: String? = nil
            ) {
                self.peer = peer
                self.peerName = peerName
                self.owedToUs = owedToUs
                idleMicrocredits = idle.rawValue
                stoodMicroseconds = stood.rawValue
                decayedMicrocredits = decayed.rawValue
                peerAllowsRateBasisPoints = peerAllows?.rate.rawValue
                peerAllowsIdleMicroseconds = peerAllows?.idle.rawValue
                self.refused = refused
            }

            fileprivate var text: String {
                let whose = owedToUs ? "owed by \(peerName)" : "owed to \(peerName)"
                let decayed =
                    decayedMicrocredits == 0 ? "" : "; \(Microcredits(decayedMicrocredits).text) have decayed before"
                return
                    "\(Microcredits(idleMicrocredits).text) \(whose) for \(Microseconds(stoodMicroseconds).shortText)\(decayed)"
                    + (allowed.map { "; \(peerName) allows \($0.text)" } ?? "") + (refused.map { "; refused: \($0)" } ?? "")
            }

            private var allowed: DecayRule? {
                guard let peerAllowsRateBasisPoints, let peerAllowsIdleMicroseconds else { return nil }
                return DecayRule(
                    rate: BasisPoints(peerAllowsRateBasisPoints), idle: Microseconds(peerAllowsIdleMicroseconds))
            }
        }

        let rateBasisPoints: Int64
        let idleMicroseconds: Int64
        /// The largest first.
        let idle: [Idle]

        package init(rule: DecayRule, idle: [Idle]) {
            rateBasisPoints = rule.rate.rawValue
            idleMicroseconds = rule.idle.rawValue
            self.idle = idle.sorted { ($0.idleMicrocredits, $1.peer) > ($1.idleMicrocredits, $0.peer) }
        }

        /// So many are shown to people.
        private static let shown = 5

        func add(to sheet: inout Sheet) {
            let rule = DecayRule(rate: BasisPoints(rateBasisPoints), idle: Microseconds(idleMicroseconds))
            sheet.add("idle credits", "lose \(rule.text), where the peer's policy has such a rule too")
            for idle in idle.prefix(Self.shown) { sheet.add("idle", idle.text) }
            if idle.count > Self.shown { sheet.add("idle", "with \(counted(idle.count - Self.shown, "more peer"))", .dim) }
        }
    }

    func add(_ rule: Rule, to sheet: inout Sheet, on page: Page) {
        let idle = rule.idleLeases.isEmpty ? "" : ", \(rule.idleLeases.count) of them idle"
        let held =
            "\(rule.leases.count) of \(counted(rule.nodes, "lease")) of \(rule.wants.text(on: page))\(idle)"
            + (rule.isAsking ? "; asks for one now" : "")
        sheet.add("holds", rule.leases.isEmpty ? held : "\(held): \(rule.leases.joined(separator: " "))")
        sheet.add("short", rule.shortage, .warning)
        sheet.add("budget", rule.budget?.text)
    }
}
