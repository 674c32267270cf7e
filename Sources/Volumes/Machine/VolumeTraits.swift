import Resources

/// What a volume is made with, and has for ever.
package struct VolumeTraits: Hashable, Sendable {
    /// In bytes.
    package static let keyLength = 32
    package static let longestName = 64
    /// The most copies that each block can be to have.
    package static let mostCopies = 8

    /// For people: letters, digits, and `.`, `_`, `-` inside.
    package var name: String
    /// That each block is to have, on different nodes.
    package var copies: Int
    /// With which clients encrypt what is in blocks. Nodes that lend room do not get it, for they never see the metadata; whoever keeps
    /// the journal has it, and whoever has a session.
    package var key: [UInt8]

    package init(name: String = "", copies: Int = 1, key: [UInt8] = []) {
        (self.name, self.copies, self.key) = (name, copies, key)
    }

    /// What is wrong with a name; `nil` for one that volumes can have.
    package static func fault(inName name: String) -> String? {
        let bytes = Array(name.utf8)
        guard (1...longestName).contains(bytes.count) else {
            return "it has \(bytes.count) bytes; choose one of 1 to \(longestName)"
        }
        guard bytes.allSatisfy({ isPlain($0) || [0x2d, 0x2e, 0x5f].contains($0) }), isPlain(bytes[0]) else {
            return "choose one of letters, digits, and '.', '_' and '-' behind the first"
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
    }
}

extension VolumeTraits {
    func write(into writer: inout MessageWriter) {
        writer.write(name)
        writer.write(UInt8(clamping: copies))
        writer.write(blob: key)
    }

    init(_ reader: inout MessageReader) throws(MalformedMessage) {
        self.init(name: try reader.text(), copies: Int(try reader.integer(UInt8.self)), key: try reader.blob())
    }
}
