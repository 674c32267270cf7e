/// A name in a directory, and what it leads to.
package struct DirectoryEntry: Hashable, Sendable {
    package let name: FileName
    package let inode: InodeNumber
    package let kind: FileKind

    package init(name: FileName, inode: InodeNumber, kind: FileKind) {
        self.name = name
        self.inode = inode
        self.kind = kind
    }
}
