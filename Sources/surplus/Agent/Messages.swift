import Reports
import Resources
import Wire

// What the agent says in terms of reports. The agent is this node's own: its figures are shown as they come.

extension Amounts {
    init(shown message: Surplus_V1_Amounts) {
        self.init(cpu: Millicores(message.cpuMillicores), memory: Bytes(message.memoryBytes), disk: Bytes(message.diskBytes))
    }
}

extension Prices {
    init(shown message: Surplus_V1_Prices) {
        self.init(
            cpu: Microcredits(message.cpuPerCoreHour), memory: Microcredits(message.memoryPerGibHour),
            disk: Microcredits(message.diskPerGibHour))
    }
}

extension Usage {
    init(shown message: Surplus_V1_Usage) {
        self.init(
            cpu: CoreMicroseconds(message.cpuCoreMicroseconds), memory: MiBSeconds(message.memoryMibSeconds),
            disk: MiBSeconds(message.diskMibSeconds))
    }
}

extension Tariff {
    /// What is due for the use of a lease; `nil` for a swap, which costs what was agreed on.
    init?(shown terms: Surplus_V1_Terms) {
        let prices = Prices(shown: terms.prices)
        switch terms.consideration.form {
        case nil: self.init(prices)
        case .swap: return nil
        // Of which it is makes no difference to what is due.
        case .redemption: self.init(prices, .redemption(of: ObligationID(high: 0, low: 0)))
        case .deferred(let deferral): self.init(prices, .deferred(Deferral(shown: deferral)))
        }
    }
}

extension Deferral {
    init(shown message: Surplus_V1_Deferral) {
        self.init(
            share: ResourceShares(cpu: BasisPoints(message.shareCpu), memory: BasisPoints(message.shareMemory)),
            rate: ResourceShares(cpu: BasisPoints(message.rateCpu), memory: BasisPoints(message.rateMemory)),
            from: Timestamp(microseconds: message.dueFrom), until: Timestamp(microseconds: message.dueUntil),
            premium: BasisPoints(message.premium))
    }
}

extension NoticeClass {
    init?(shown message: Surplus_V1_NoticeClass) {
        switch message {
        case .elastic: self = .elastic
        case .standard: self = .standard
        case .notice: self = .notice
        case .firm: self = .firm
        case .unspecified, .UNRECOGNIZED: return nil
        }
    }
}

extension TermFigures {
    init(_ message: Surplus_V1_Terms) {
        self.init(
            amounts: Amounts(shown: message.amounts), prices: Prices(shown: message.prices),
            term: Microseconds(message.termMicroseconds), notice: NoticeClass(shown: message.notice),
            start: CivilTime(microseconds: message.startAt))
    }
}

extension RefusalFigures {
    init(_ message: Surplus_V1_Refusal) {
        self.init(
            term: message.term, reason: message.reason, retryable: message.retryable,
            retryAfter: message.retryAfterMicroseconds > 0 ? Microseconds(message.retryAfterMicroseconds) : nil)
    }
}

extension String {
    /// `nil` for what protocol buffers cannot leave out.
    var nonEmpty: String? { isEmpty ? nil : self }
}
