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
