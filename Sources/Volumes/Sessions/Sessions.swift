import Resources

/// What a session was promised and uses up.
struct Promise {
    var session: SessionID?
    var bytes: UInt64 = 0
}

extension Volume {
    mutating func begin(_ id: SessionID, _ node: NodeID) -> Reply {
        if state.session(id) == nil { state.put(Session(id: id, node: node)) }
        return .done
    }

    mutating func end(_ id: SessionID) -> Reply {
        if let session = state.session(id) {
            state.header.reserved -= session.reserved
            state.removeSession(id)
        }
        return .done
    }

    /// - Throws: ``PosixError/noSpace`` when there is not so much; ``PosixError/stale`` when the session is over.
    mutating func reserve(_ bytes: Int64, for id: SessionID) throws(PosixError) -> Reply {
        guard var session = state.session(id) else { throw .stale }
        let before = session.reserved
        if bytes < 0 {
            session.reserved -= min(session.reserved, bytes.magnitude)
        } else {
            guard bytes.magnitude <= state.header.free else { throw .noSpace }
            session.reserved += bytes.magnitude
        }
        state.header.reserved = state.header.reserved - before + session.reserved
        state.put(session)
        return .done
    }

    /// Uses up what was promised, and room that is free beyond it.
    ///
    /// - Throws: ``PosixError/noSpace``; then the promise stands as before.
    mutating func claim(_ growth: UInt64, _ promise: Promise) throws(PosixError) {
        guard let id = promise.session, var session = state.session(id) else {
            guard growth <= state.header.free else { throw .noSpace }
            return
        }
        let used = min(promise.bytes, session.reserved)
        // What was promised holds, also when the volume was made smaller since.
        guard growth <= used || growth - used <= state.header.free else { throw .noSpace }
        session.reserved -= used
        state.header.reserved -= used
        state.put(session)
    }

    /// - Throws: ``PosixError/invalid`` for a limit of nothing.
    mutating func resize(_ capacity: UInt64, _ inodeLimit: UInt64) throws(PosixError) -> Reply {
        guard capacity > 0, inodeLimit > 0 else { throw .invalid }
        state.header.capacity = capacity
        state.header.inodeLimit = inodeLimit
        return .done
    }
}
