import ArgumentParser
import Resources

/// Reads quantities from the command line, and says why one cannot be meant.
enum Quantities {
    static func cores(_ text: String) throws -> Millicores {
        try Millicores(text: text).checked(1...Bounds.cpu)
    }

    static func size(_ text: String) throws -> Bytes {
        try Bytes(text: text).checked(1...Bounds.memory)
    }

    static func duration(_ text: String) throws -> Microseconds {
        try Microseconds(text: text).checked(.milliseconds(1)...Bounds.term)
    }

    /// When a term is to begin.
    static func start(_ text: String) throws -> Timestamp {
        let now = Terminal.now()
        let start = try TimeText.toCome(text, now: now, utcOffset: Terminal.utcOffset())
        guard start > now else {
            throw Failure(object: text, fault: "is past", remedy: "write a time to come, or leave it out to begin at once")
        }
        guard start - now <= Terms.farthestStart else {
            throw Failure(
                object: text, fault: "too far ahead", remedy: "capacity is promised \(Terms.farthestStart.text) ahead at most")
        }
        return start
    }

    static func notice(_ text: String) throws -> NoticeClass {
        guard let notice = NoticeClass(rawValue: text) else {
            throw ValidationError("'\(text)'" + Spelling.hint(for: text, among: NoticeClass.allCases.map(\.rawValue)))
        }
        return notice
    }

    /// When something falls due.
    static func due(_ text: String) throws -> Timestamp {
        let now = Terminal.now()
        let time = try TimeText.toCome(text, now: now, utcOffset: Terminal.utcOffset())
        guard time > now, time - now <= Deferral.farthest else {
            throw Failure(
                object: text, fault: time > now ? "too far ahead" : "is past",
                remedy: "write a time to come, at most \(Deferral.farthest.text) ahead")
        }
        return time
    }

    static func share(_ text: String) throws -> BasisPoints { try BasisPoints(text: text) }
    static func coreTime(_ text: String) throws -> CoreMicroseconds {
        try CoreMicroseconds(text: text).checked(1...CoreHours(100_000_000).time)
    }

    static func memoryTime(_ text: String) throws -> MiBSeconds {
        try MiBSeconds(text: text).checked(1...GiBHours(100_000_000).time)
    }

    static func credits(_ text: String) throws -> Microcredits {
        try Microcredits(text: text).checked(1...Bounds.money)
    }

    static func price(_ text: String) throws -> Microcredits {
        try Microcredits(text: text).checked(1...Bounds.price)
    }
}

extension TextualQuantity {
    fileprivate func checked(_ range: ClosedRange<Self>) throws -> Self {
        guard range.contains(self) else {
            throw Failure(
                object: text, fault: "out of range", remedy: "write \(range.lowerBound.text) to \(range.upperBound.text)")
        }
        return self
    }
}
