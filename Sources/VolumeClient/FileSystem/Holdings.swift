internal import Dispatch
internal import Resources
internal import Synchronization
package import Volumes

// What becomes of what is kept here, when the home goes away and comes back.

extension VolumeFileSystem: SessionHoldings {
    package func disregardGrants(through stamp: UInt64) { raiseFloor(to: stamp) }

    package var claims: SessionClaims {
        var claims = SessionClaims()
        for file in allFiles.sorted(by: { $0.number < $1.number }) {
            let (lease, isOpen) = file.state.withLock { ($0.lease, $0.handles > 0) }
            if let lease {
                claims.leases.append(LeaseClaim(file.number, lease))
            } else if isOpen {
                claims.open.append(file.number)
            }
        }
        claims.locks = locks.claims
        return claims
    }

    package func renew(_ grants: [LeaseGrant]) {
        for grant in grants { known(grant.inode)?.state.withLock { if $0.lease != nil { $0.stamp = grant.stamp } } }
    }

    package func homeChanged(losing lost: [Record]) {
        for file in allFiles { file.state.withLock { $0.doubt() } }
        note(lost)
        forgetInKernel(within: Self.forgetting)
    }

    package func sessionEnded(losing lost: [Record], stamp: UInt64) {
        disregardGrants(through: stamp)
        let locked = Set(locks.claims.map(\.place.inode))
        for file in allFiles { lose(file, hadLocks: locked.contains(file.number)) }
        promises.forget()
        locks.forget()
        returns.forget()
        note(lost)
        forgetInKernel(within: Self.forgetting)
    }

    package func cutOff() { forgetInKernel(within: .zero) }

    package func connected() {
        learnStores()
        giveBackOwedLocks()
        tellOwed()
        askForLocksAgain()
        for file in allFiles { storeOn(file) }
        // What is open is to be kept, also when its last name goes.
        for file in allFiles where file.state.withLock({ $0.handles > 0 && $0.lease == nil }) {
            recalls.async { [self] in _ = try? inode(file.number) }
        }
        for file in allFiles where file.state.withLock(\.isVersionUnknown) { recalls.async { [self] in learnVersion(of: file) } }
    }

    /// Finds out which version of a file that is written to the home knows: whoever changes it is told from this session by that, should
    /// the session end.
    private func learnVersion(of file: ClientFile) {
        // Where the home is gone again there is another one to ask, or what is not told then is given up.
        guard case .inode(let inode, let grants)? = try? home.ask(.attributes(file.number)) else { return }
        take(grants, inode)
    }

    /// Finds out where blocks can be. Comes back at once.
    func learnStores() {
        recalls.async { [home, blocks] in
            // A home that has just begun may not have heard of any yet.
            if let places = try? home.stores(), !places.isEmpty { blocks.learn(places) }
        }
    }

    /// What was changed and is lost is told to whoever asks whether it is durable.
    private func note(_ lost: [Record]) {
        for number in Set(lost.flatMap(\.operation.changed)).sorted() {
            known(number)?.state.withLock { $0.error = $0.error ?? .inputOutput }
            onLoss(number, .inputOutput)
        }
    }

    /// So long the home is not asked until the kernel has forgotten.
    private static let forgetting = Microseconds.milliseconds(500)

    /// What the kernel keeps because of leases it has to ask for again.
    private func forgetInKernel(within patience: Microseconds) {
        guard let mount = mount.withLock({ $0 }) else { return }
        KernelForgetting(of: allFiles, by: mount).run(within: patience)
    }
}

extension ClientFile.State {
    /// What was told may be lost, though the lease holds. What was written here is as it was.
    fileprivate mutating func doubt() {
        extents = ExtentMap()
        entriesChanged = nil
        listingNumber += 1
        if isWriting { inode?.version = Self.unknownVersion } else { inode = nil }
    }

    /// Lower than any.
    private static let unknownVersion: UInt64 = 0
    fileprivate var isVersionUnknown: Bool { inode?.version == Self.unknownVersion }
}

extension Operation {
    /// Inodes that it changes, as far as it names them.
    fileprivate var changed: [InodeNumber] {
        switch self {
        case .make(let new): [new.parent, new.number]
        case .link(let inode, let parent, _): [inode, parent]
        case .unlink(let parent, _, _), .removeDirectory(let parent, _, _): [parent]
        case .rename(let rename): [rename.parent, rename.newParent]
        case .setAttributes(let inode, _), .setExtendedAttribute(let inode, _, _, _), .removeExtendedAttribute(let inode, _),
            .allocate(let inode, _, _, _), .punch(let inode, _), .discard(let inode):
            [inode]
        case .write(let files, _, _): files.map(\.inode)
        case .place, .forget, .begin, .end, .reserve, .resize, .appoint, .advance: []
        }
    }
}
