package import Mounts
internal import Resources
package import Volumes

/// A listing of a directory as far as it was read: cookies are places in it.
struct Listing: Sendable {
    var entries: [ListedEntry] = []
    var isComplete = false
}

extension VolumeFileSystem {
    package func openDirectory(_ number: InodeNumber, for caller: Caller) throws(PosixError) -> OpenAnswer {
        let handle = listings.withLock { listings in
            defer { listings.next += 1 }
            listings.open[listings.next] = Listing()
            return listings.next
        }
        file(number).state.withLock { $0.handles += 1 }
        return OpenAnswer(OpenHandle(rawValue: handle))
    }

    package func releaseDirectory(_ number: InodeNumber, _ handle: OpenHandle) {
        listings.withLock { $0.open[handle.rawValue] = nil }
        release(number, handle, owner: nil)
    }

    package func list(
        _ number: InodeNumber, _ handle: OpenHandle, after cookie: DirectoryCookie, into page: inout DirectoryPage
    ) throws(PosixError) {
        if cookie == .start { listings.withLock { $0.open[handle.rawValue] = Listing() } }
        var place = Int(cookie.rawValue)
        while true {
            guard let listing = listings.withLock({ $0.open[handle.rawValue] }) else { throw .badDescriptor }
            guard place < listing.entries.count else {
                if listing.isComplete { return }
                try readOn(number, handle, after: listing.entries.last?.name)
                continue
            }
            let listed = listing.entries[place]
            let entry = entry(listed.inode, as: listed.name, in: number)
            guard page.add(listed.name, entry, next: DirectoryCookie(rawValue: UInt64(place + 1))) else { return }
            place += 1
        }
    }

    private func readOn(_ number: InodeNumber, _ handle: OpenHandle, after name: FileName?) throws(PosixError) {
        guard case .entries(let entries, let isEnd, let grants) = try home.ask(.list(number, after: name, limit: 500)) else {
            throw .protocolFault
        }
        for entry in entries { take(grants.filter { $0.inode == entry.inode.number }, entry.inode) }
        take(grants.filter { $0.inode == number })
        listings.withLock { listings in
            listings.open[handle.rawValue]?.entries += entries
            listings.open[handle.rawValue]?.isComplete = isEnd
        }
    }

    package func synchronizeDirectory(_ number: InodeNumber, _ handle: OpenHandle, dataOnly: Bool) throws(PosixError) {
        try home.synchronize()
    }
}
