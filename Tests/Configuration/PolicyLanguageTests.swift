import Configuration
import Policy
import Resources
import ShippedPolicies
import TestKit
import Testing

@Suite("The policy language")
struct PolicyLanguageTests {
    private func load(_ text: String, with others: [String: String] = [:]) throws -> PolicyFile {
        let files = [("p.yaml", text)] + others.sorted { $0.key < $1.key }
        return try PolicyFile(source: PolicySource(files: files.map { .init(name: $0, bytes: Array($1.utf8)) }))
    }

    private static let lending = """
        name: a
        lend:
          cpu: {threshold: 80%, share: 75%, price: 1}
          memory: {threshold: 80%, share: 75%, price: 1}

        """

    @Test(
        "Every shipped policy is good, says what it lends, and can be written out and read back",
        arguments: ShippedPolicy.allCases)
    func shipped(_ shipped: ShippedPolicy) throws {
        let file = try PolicyFile.shipped(shipped)
        #expect(file.policy.name == shipped.rawValue)
        #expect(file.notes.isEmpty)
        #expect(file.policy.lendsAnything == (shipped != .closed))
        let again = try load(PolicyText.yaml(file.policy))
        #expect(again.policy == file.policy, "\(PolicyText.yaml(file.policy))")
    }

    @Test("Thresholds by the time of the week are read and written out; two at one time, or anything but a time, are refused")
    func times() throws {
        func policy(_ times: String) throws -> LendingPolicy {
            try load(
                """
                name: a
                schedules: {office: between 08:00 and 18:00 on weekdays}
                lend:
                  cpu:
                    threshold: 80%
                    times: \(times)
                    share: 75%
                    price: 1
                """
            ).policy
        }
        let given = try policy("[{when: during office, threshold: 40%}, {when: on weekends, threshold: 100%}]")
        #expect(try load(PolicyText.yaml(given)).policy == given, "\(PolicyText.yaml(given))")
        let bounds = [(Weekday.monday, 480), (.monday, 1080), (.sunday, 0)].map { day, minute in
            given.inForce(at: CivilMinute(day: day, minute: minute)).cpu?.threshold
        }
        #expect(bounds == [.percent(40), .percent(80), .percent(100)])
        for (times, fault) in [
            ("[{when: on weekends, threshold: 40%}, {when: between 22:00 and 02:00 on friday, threshold: 50%}]", "contradicts"),
            ("[{when: users = 0, threshold: 40%}]", "is no time of the week"), ("[{when: on monday}]", "threshold"),
        ] {
            let error = #expect(throws: ConfigurationError.self) { try policy(times) }
            #expect(error?.description.contains(fault) == true, "\(error?.description ?? "")")
        }
    }

    @Test("How long the owner's work may wait is read, by the time of the week too, kind by kind over what is included")
    func pressure() throws {
        let mine =
            Self.lending + "  pressure: {cpu: ignore, times: [{when: on weekends, io: ignore}, {when: on sunday, memory: 50%}]}\n"
        let policy = try load("include: site.yaml\n" + mine, with: ["site.yaml": "lend: {pressure: {io: 20%}, reserve: 5%}\n"])
            .policy
        #expect(policy.pressure.shares == .init(cpu: .whole, memory: .percent(10), io: .percent(20)))
        #expect(policy.reserve == .percent(5))
        let sunday = policy.inForce(at: CivilMinute(day: .sunday, minute: 0)).pressure
        #expect(sunday == PressureRule(shares: .init(cpu: .whole, memory: .percent(50), io: .whole)))
        #expect(policy.inForce(at: CivilMinute(day: .monday, minute: 0)).pressure.shares == policy.pressure.shares)
        #expect(try load(PolicyText.yaml(policy)).policy == policy, "\(PolicyText.yaml(policy))")
        let settings = PolicyOutline(policy).settings.map { "\($0.key): \($0.value)" }
        for line in ["lend.pressure.cpu: ignore", "lend.pressure.memory: 10%", "lend.reserve: 5%"] {
            #expect(settings.contains(line), "\(line)")
        }
        let ignored = try load(Self.lending + "  pressure: ignore\n").policy.pressure
        #expect(ignored.shares == .init(cpu: .whole, memory: .whole, io: .whole) && ignored.periods.isEmpty)
    }

    @Test("Conditions, schedules, groups, limits, prices, notice and hooks are read")
    func everything() throws {
        let policy = try load(
            """
            name: all
            schedules: {office: between 08:00 and 18:00 on weekdays}
            conditions:
              quiet: load.per_core < 0.5 for 5m
              free: quiet and not during office
            groups: {render: [node1, anna@node2, bert@*]}
            lend:
              when: free
              until: users > 0
              stop: let_run
              cpu: {threshold: 80%, share: 75%, price: {idle: 1, scarce: 3}, floor: 90%, when: pressure.cpu < 20%}
              memory: {threshold: 80%, share: 75%, price: 1}
              notice: {elastic: 50%, firm: 200%}
            limits:
              - for: everyone
                most: {cpu: 4 cores, memory: 8 GiB}
              - for: {peer: [node1, node2]}
                leases: 2
              - for: {group: render}
                when: during office
                owes: 5 credits
                price: 80%
              - for: {user: anna@*}
                longest_term: 5 min
                notice: [elastic]
              - for: {role: viewer}
                refuse: true
            hooks:
              started: [/usr/bin/logger, lent]
              ended: /usr/local/bin/ended
              timeout: 5 s
            """
        ).policy
        let office = Condition.named("office", during: true, try ConditionParser.parse("between 08:00 and 18:00 on weekdays"))
        #expect(policy.release?.when.text == "free")
        #expect(policy.release?.until?.text == "users > 0")
        #expect(policy.stop == .letRun)
        #expect(policy.cpu?.pricing == Pricing(whenIdle: .credits(1), whenScarce: .credits(3), floor: .share(.percent(90))))
        #expect(policy.cpu?.release?.when.text == "pressure.cpu < 20%")
        #expect(policy.notices == NoticeMenu([.elastic: .percent(50), .firm: .percent(200)]))
        #expect(
            policy.limits.rules == [
                LimitRule(.everyone, cpu: .cores(4), memory: .gibibytes(8)), LimitRule(.peer("node1"), leases: 2),
                LimitRule(.peer("node2"), leases: 2),
                LimitRule(.group("render"), when: office, owes: .credits(5), price: .percent(80)),
                LimitRule(.user("anna", at: nil), longestTerm: .minutes(5), notices: [.elastic]),
                LimitRule(.role("viewer"), refuses: true),
            ])
        #expect(policy.hooks.started == ["/usr/bin/logger", "lent"] && policy.hooks.ended == ["/usr/local/bin/ended"])
        #expect(try load(PolicyText.yaml(policy)).policy == policy, "\(PolicyText.yaml(policy))")
    }

    @Test("An including file changes single values, replaces limits for the same subject and uses what is named")
    func includes() throws {
        let file = try load(
            """
            include: [base/site.yaml, blade]
            name: mine
            conditions: {calm: quiet for 1m}
            lend: {cpu: {share: 10%}, when: calm}
            limits:
              - {for: each peer, leases: 9}
            """,
            with: [
                "base/site.yaml": """
                include: names.yaml
                name: site
                lend: {memory: {threshold: 50%, share: 40%, price: 2}}
                limits:
                  - {for: each peer, leases: 1}
                  - {for: everyone, leases: 5}
                """, "base/names.yaml": "conditions: {quiet: users = 0}\n",
            ])
        #expect(file.policy.name == "mine")
        #expect(file.policy.cpu?.share == .percent(10) && file.policy.cpu?.threshold == .percent(80))
        #expect(file.policy.release?.when.text == "calm")
        #expect(file.policy.limits.rules == [LimitRule(.everyone, leases: 5), LimitRule(.eachPeer, leases: 9)])
        #expect(file.source.files.map(\.name) == ["p.yaml", "base/site.yaml", "base/names.yaml", "blade"])
        #expect(try PolicyFile(source: file.source).policy == file.policy)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let text: String
        let message: String
        init(_ text: String, _ message: String) { (self.text, self.message) = (text, message) }
        var testDescription: String { message }
    }

    static let faults = [
        Fault(lending + "  when: cpu.utilization < 30%\n", "p.yaml:5:9: lend.when is wrong: unknown reading or condition"),
        Fault(lending + "  when: 'users = 0 and load < 30%'\n", "p.yaml:5:31: lend.when is wrong: '30%' is not understood"),
        Fault(lending + "  when: >-\n    users = 0 and\n    load < 30%\n", "p.yaml:7:12: lend.when is wrong: '30%'"),
        Fault(lending + "  when: users =\n", "p.yaml:5:16: lend.when is wrong: the condition ends here"),
        Fault(lending + "  until: users > 0\n", "p.yaml:5:10: lend.until says when to stop, but nothing says when to start"),
        Fault(
            lending + "  when: cpu.utilisation < 50%\n  until: cpu.utilisation > 30%\n",
            "p.yaml:6:10: lend.until contradicts 'when': at 'cpu.utilisation' of"),
        Fault(
            lending + "  when: users = 0\n  until: always\n",
            "p.yaml:6:10: lend.until contradicts 'when': it always holds, so nothing would ever be lent"),
        Fault(
            lending + "  when: users = 0\n  until: not during s or not (on monday)\nschedules: {s: on tuesday}\n",
            "p.yaml:6:10: lend.until contradicts 'when': it always holds"),
        Fault(
            lending + "  when: not cpu.utilisation > 50%\n  until: not cpu.utilisation < 30%\n",
            "p.yaml:6:10: lend.until contradicts 'when': at 'cpu.utilisation' of"),
        Fault(lending + "schedules: {s: users = 0}\n", "p.yaml:5:16: schedules.s is a schedule, which may only speak of times"),
        Fault(
            lending + "conditions: {a: b, b: a}\n",
            "p.yaml:5:17: conditions.a is wrong: 'b' is defined in terms of this one or further down"),
        Fault(lending + "conditions: {a: a}\n", "p.yaml:5:17: conditions.a is wrong: 'a' is defined in terms of this one"),
        Fault(lending + "conditions: {users: always}\n", "p.yaml:5:14: 'users' is a reading of the machine"),
        Fault(lending + "conditions: {not: always}\n", "p.yaml:5:14: 'not' is a word of the language"),
        Fault(lending + "conditions: {a: always}\ngroups: {a: [b]}\n", "p.yaml:6:10: 'a' is defined already, in p.yaml:5:14"),
        Fault(lending + "limits:\n  - {for: each peer}\n", "p.yaml:6:5: limits[0] limits nothing"),
        Fault(lending + "  network: inbound\n", "p.yaml:5:12: lend.network is 'inbound'"),
        Fault(lending + "  network: {rate: 1 bit/s}\n", "p.yaml:5:19: lend.network.rate is 1 bit/s, below the smallest"),
        Fault(lending + "  network: {allow: []}\n", "p.yaml:5:20: lend.network.allow has 0 entries; name 1 to 256"),
        Fault(
            lending + "  network: {allow: [10.0.0.1/8]}\n",
            "p.yaml:5:21: lend.network.allow[0] is wrong: '10.0.0.1/8' has bits beyond its length; write 10.0.0.0/8"),
        Fault(
            lending + "limits:\n  - {for: each peer, network: outbound}\n",
            "p.yaml:6:5: limits[0] contradicts: its guests may have a network, but lend.network is none"),
        Fault(lending + "limits:\n  - {leases: 1}\n", "p.yaml:6:5: limits[0] needs the key 'for'"),
        Fault(
            lending + "limits:\n  - {for: each node, leases: 1}\n",
            "p.yaml:6:11: limits[0].for is 'each node'; known are each peer, each user, everyone"),
        Fault(
            lending + "limits:\n  - {for: everyone, leases: 1}\n  - {for: everyone, owes: 1}\n",
            "p.yaml:7:11: limits[1].for contradicts: everyone is limited in p.yaml:6:11 already"),
        Fault(
            lending + "limits:\n  - {for: everyone, refuse: true, leases: 1}\n",
            "p.yaml:6:29: limits[0].refuse contradicts: what is refused needs no other limit"),
        Fault(
            lending + "limits:\n  - {for: {group: g}, leases: 1}\n", "p.yaml:6:19: limits[0].for.group is the unknown group 'g'"),
        Fault(
            lending + "limits:\n  - {for: {user: anna}, leases: 1}\n",
            "p.yaml:6:18: limits[0].for.user is 'anna'; write user@node"),
        Fault(
            lending + "limits:\n  - {for: {peer: a, role: b}, leases: 1}\n",
            "p.yaml:6:11: limits[0].for should name one of peer, user, group and role"),
        Fault(
            lending + "limits:\n  - {for: everyone, notice: firm}\n",
            "p.yaml:6:5: limits[0] contradicts: none of its notice classes is offered; offered are standard"),
        Fault(
            lending + "  shortest_term: 1 min\nlimits:\n  - {for: everyone, longest_term: 30 s}\n",
            "p.yaml:7:5: limits[0] contradicts: its longest term, 30 s, is below the policy's shortest, 1 min"),
        Fault(lending + "  pressure: {disk: 5%}\n", "p.yaml:5:14: unknown key 'disk'"),
        Fault(lending + "  pressure: off\n", "p.yaml:5:13: lend.pressure is 'off'"),
        Fault(lending + "  pressure: {cpu: 0%}\n", "p.yaml:5:19: lend.pressure.cpu is 0%, below the smallest value, 1%"),
        Fault(
            lending + "  pressure: {io: 100%}\n", "p.yaml:5:18: lend.pressure.io is 100%, which is never exceeded; write 'ignore'"
        ),
        Fault(lending + "  pressure: {io: 101%}\n", "p.yaml:5:18: lend.pressure.io is"),
        Fault(
            lending + "  pressure: {times: [{when: users = 0, io: 5%}]}\n",
            "p.yaml:5:29: lend.pressure.times[0].when is no time of the week"),
        Fault(
            lending + "  pressure: {times: [{when: on monday}]}\n", "p.yaml:5:22: lend.pressure.times[0] bounds nothing; name"),
        Fault(
            lending + "  pressure: {times: [{when: on monday, io: 5%}, {when: on weekdays, io: ignore}]}\n",
            "p.yaml:5:56: lend.pressure.times[1].when contradicts 'on monday': on Mon 00:00 both hold, with io 5% and ignore"),
        Fault(
            lending + "  reserve: 21%\n",
            "p.yaml:5:12: lend.reserve contradicts memory.threshold: owner and guests may use 80%, and 21% is kept free"),
        Fault(lending + "  reserve: 60%\n", "p.yaml:5:12: lend.reserve is 60%, above the largest value, 50%"),
        Fault(lending + "  notice: {}\n", "p.yaml:5:11: lend.notice names no class"),
        Fault(
            "name: a\nlend:\n  cpu: {threshold: 80%, share: 75%, price: {idle: 3, scarce: 1}}\n",
            "p.yaml:3:44: lend.cpu.price contradicts: what is plentiful would cost 3 credits, what is scarce 1 credit"),
        Fault(lending + "hooks: {started: logger}\n", "p.yaml:5:18: hooks.started should be a program by its absolute path"),
        Fault("include: p.yaml\n" + lending, "p.yaml:1:10: include goes in a circle: p.yaml includes p.yaml"),
        Fault(
            "include: none.yaml\n" + lending, "p.yaml:1:10: include cannot be included: none.yaml: is included but was not sent"),
        Fault("include: blades\n" + lending, "p.yaml:1:10: include is 'blades'; did you mean 'blade'?"),
    ]

    @Test("Each fault is one error that names the place, the fault and the remedy", arguments: faults)
    func fault(_ fault: Fault) throws {
        let error = try #require(throws: ConfigurationError.self) { try load(fault.text) }
        #expect(error.description.hasPrefix(fault.message), "\(error.description)")
    }

    @Test("The report of an error shows the line and marks what is at fault")
    func caret() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try load(Self.lending + "  when: \"users = 0 and load < 30%\"   # idle\n")
        }
        let lines = error.report.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == 3)
        #expect(lines[1] == "    when: \"users = 0 and load < 30%\"   # idle")
        #expect(lines[2] == "                                ^^^")
    }

    @Test("Includes are bounded in depth and number")
    func includeBounds() {
        let deep = Dictionary(
            uniqueKeysWithValues: (0..<12).map { ("f\($0).yaml", "include: f\($0 + 1).yaml\n") } + [("f12.yaml", "name: x\n")])
        #expect(throws: ConfigurationError.self) { try load("include: f0.yaml\n" + Self.lending, with: deep) }
        let wide = Dictionary(uniqueKeysWithValues: (0..<70).map { ("w\($0).yaml", "name: x\n") })
        let list = wide.keys.sorted().joined(separator: ", ")
        #expect(throws: ConfigurationError.self) { try load("include: [\(list)]\n" + Self.lending, with: wide) }
    }

    @Test("Random policies can be written out and read back")
    func roundTrip() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let policy = LendingPolicy.random(using: &random)
            let text = PolicyText.yaml(policy)
            #expect(try load(text).policy == policy, "\(text)")
        }
    }

    @Test("The differences between two policies are the settings that differ, and none between a policy and itself")
    func differences() throws {
        let blade = PolicyOutline(try PolicyFile.shipped(.blade).policy)
        #expect(blade.differences(to: blade).isEmpty)
        let mine = PolicyOutline(try load("include: blade\nname: blade\nlend: {cpu: {share: 50%}, except: [node9]}\n").policy)
        #expect(
            blade.differences(to: mine) == [
                .init(key: "lend.cpu.share", before: "75%", after: "50%"),
                .init(key: "lend.except", before: nil, after: "[node9]"),
            ])
    }

    @Test("A policy with a thousand limits is read whole")
    func enormous() throws {
        var text = Self.lending + "limits:\n"
        for number in 0..<1000 { text += "  - for: {peer: node\(number)}\n    leases: \(number + 1)\n    most: {cpu: 2 cores}\n" }
        #expect(try load(text).policy.limits.rules.count == 1000)
    }
}

extension LendingPolicy {
    /// A policy that a file can say.
    fileprivate static func random(using random: inout SeededGenerator) -> LendingPolicy {
        func number(_ range: ClosedRange<Int64>) -> Int64 { .random(in: range, using: &random) }
        func pick<T>(_ values: [T]) -> T { values[Int(number(0...Int64(values.count - 1)))] }
        func condition() throws -> Condition {
            try ConditionParser.parse(pick(["users = 0", "load < 1 for 5m or never", "not running \"x: y\"", "on weekends"]))
        }
        func rule() -> ResourceRule {
            let price = Microcredits(number(1...5_000_000))
            let pricing = Pricing(
                whenIdle: price, whenScarce: random.chance(.percent(50)) ? price : price + Microcredits(number(1...9_000_000)),
                floor: pick([.share(.whole), .share(.percent(70)), .amount(price - 1)]))
            let release = random.chance(.percent(50)) ? nil : (try? condition()).map { ReleaseRule(when: $0) }
            return ResourceRule(
                threshold: .percent(number(50...100)), share: .percent(number(1...50)), pricing: pricing, release: release)
        }
        let subjects: [Subject] = [
            .everyone, .eachPeer, .eachUser, .peer("n-1"), .user("a b", at: "n2"), .user("c", at: nil), .role("r"),
        ]
        let rules = subjects.filter { _ in random.chance(.percent(50)) }.map { subject in
            LimitRule(
                subject, when: random.chance(.percent(50)) ? nil : try? condition(), cpu: .cores(number(1...9)),
                leases: Int(number(1...9)), price: .percent(number(1...300)), network: random.chance(.percent(50)) ? nil : false)
        }
        let window = Window.wholeDays([.saturday, .sunday])
        let pressure = PressureRule(
            shares: .init(cpu: .percent(number(1...99)), memory: pick([PressureRule.ignored, 750]), io: .percent(30)),
            periods: pick([[], [.init(window: window, shares: .init(cpu: nil, memory: .percent(5), io: PressureRule.ignored))]]))
        return LendingPolicy(
            name: "random", cpu: rule(), memory: rule(), pressure: pressure, reserve: pick([.percent(1), .percent(2)]),
            stop: .takeBack,
            borrowers: Borrowers(pick([.everyone, .nobody, .only(["n1", "n2"])]), except: pick([[], ["n3"]])),
            limits: LimitBook(rules: rules),
            network: pick([nil, OutboundNetwork(), OutboundNetwork(allow: [AddressBlock(address: 0, length: 0)])]),
            longestTerm: .seconds(number(60...9000)), renewable: random.chance(.percent(50)),
            notices: pick([.only(.firm), NoticeMenu([.elastic: .percent(5), .notice: .percent(500)])]),
            maximumLeases: Int(number(1...100)),
            hooks: pick([LeaseHooks(), LeaseHooks(started: ["/bin/a", "b, c"], timeout: .seconds(3))]))
    }
}
