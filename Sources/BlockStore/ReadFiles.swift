/// The files of segments that do not grow any more, as far as they are open: a store may have more segments than a process may have
/// files. Those first that were not read for longest.
struct ReadFiles: Sendable {
    /// How many are open at most, besides those that are being read.
    static let most = 64

    private var files: [(number: UInt32, file: any BlockFile)] = []

    mutating func file(
        of number: UInt32, open: () throws(BlockStoreError) -> any BlockFile
    ) throws(BlockStoreError) -> any BlockFile {
        if let index = files.lastIndex(where: { $0.number == number }) {
            if index < files.count - 1 { files.append(files.remove(at: index)) }
        } else {
            files.append((number, try open()))
            if files.count > Self.most { files.removeFirst() }
        }
        return files[files.count - 1].file
    }

    /// What was removed keeps its room on the file system while it is open.
    mutating func close(_ number: UInt32) { files.removeAll { $0.number == number } }
}
