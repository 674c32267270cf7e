import Identity
import Resources

/// Reads what is said of volumes on the command line.
enum VolumeText {
    private static let sizes = Bytes.mebibytes(64)...Bounds.disk

    static func name(_ text: String) throws -> String { try Names.volume(text) }

    static func size(_ text: String) throws -> Bytes {
        let size = try Bytes(text: text)
        guard sizes.contains(size) else {
            throw Failure(
                object: text, fault: "out of range", remedy: "write \(sizes.lowerBound.text) to \(sizes.upperBound.text)")
        }
        return size
    }
}
