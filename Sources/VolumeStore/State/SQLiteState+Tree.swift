import Resources
import Volumes

extension SQLiteState {
    // MARK: Inodes

    package func inode(_ number: InodeNumber) -> Inode? {
        attempt(nil) { () throws(VolumeStoreError) in
            if let known = inodes[number] { return known }
            try makeRoomForInodes()
            let inode = try tables.inode(number)
            inodes.note(inode, for: number)
            return inode
        }
    }

    private func makeRoomForInodes() throws(VolumeStoreError) {
        guard inodes.isFull else { return }
        try flush()
        inodes.drop()
    }

    package func put(_ inode: Inode) {
        attempt(()) { () throws(VolumeStoreError) in
            try makeRoomForInodes()
            inodes.set(inode, for: inode.number)
        }
    }

    package func removeInode(_ number: InodeNumber) {
        modify { () throws(VolumeStoreError) in
            try makeRoomForInodes()
            inodes.set(nil, for: number)
            try tables.removeContent(of: number)
        }
    }

    package func inodes(after number: InodeNumber?, limit: Int) -> [Inode] {
        attempt([]) { () throws(VolumeStoreError) in
            try flush()
            return try tables.inodes(after: number, limit: limit)
        }
    }

    package func orphans(after number: InodeNumber?, limit: Int) -> [InodeNumber] {
        attempt([]) { () throws(VolumeStoreError) in
            try flush()
            return try tables.orphans(after: number, limit: limit)
        }
    }

    package func target(of link: InodeNumber) -> [UInt8]? {
        attempt(nil) { () throws(VolumeStoreError) in try tables.target(of: link) }
    }

    package func put(target: [UInt8], of link: InodeNumber) {
        modify { () throws(VolumeStoreError) in try tables.write(target: target, of: link) }
    }

    // MARK: Directories

    package func entry(_ name: FileName, in directory: InodeNumber) -> DirectoryEntry? {
        attempt(nil) { () throws(VolumeStoreError) in try tables.entry(name, in: directory) }
    }

    package func put(_ entry: DirectoryEntry, in directory: InodeNumber) {
        modify { () throws(VolumeStoreError) in try tables.write(entry, in: directory) }
    }

    package func removeEntry(_ name: FileName, in directory: InodeNumber) {
        modify { () throws(VolumeStoreError) in try tables.removeEntry(name, in: directory) }
    }

    package func entries(in directory: InodeNumber, after name: FileName?, limit: Int) -> [DirectoryEntry] {
        attempt([]) { () throws(VolumeStoreError) in try tables.entries(in: directory, after: name, limit: limit) }
    }

    // MARK: Extended attributes

    package func attribute(_ name: [UInt8], of inode: InodeNumber) -> [UInt8]? {
        attempt(nil) { () throws(VolumeStoreError) in try tables.attribute(name, of: inode) }
    }

    package func attributeNames(of inode: InodeNumber) -> [[UInt8]] {
        attempt([]) { () throws(VolumeStoreError) in try tables.attributeNames(of: inode) }
    }

    package func setAttribute(_ name: [UInt8], of inode: InodeNumber, to value: [UInt8]?) {
        modify { () throws(VolumeStoreError) in try tables.write(attribute: name, of: inode, value) }
    }
}
