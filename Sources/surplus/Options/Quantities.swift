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

    static func notice(_ text: String) throws -> NoticeClass {
        guard let notice = NoticeClass(rawValue: text) else {
            throw ValidationError("'\(text)'" + Spelling.hint(for: text, among: NoticeClass.allCases.map(\.rawValue)))
        }
        return notice
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
