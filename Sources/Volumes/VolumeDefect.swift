#if Defects
    /// Faults that are put into what keeps a volume whole on purpose, one at a time, to see that the worlds of its tests find them.
    /// Only builds with the package's trait `Defects` have them, which is for that test alone.
    package enum VolumeDefect: String, CaseIterable, Sendable {
        // MARK: The journal on several nodes
        /// A record is durable when the home has synced it.
        case homeAloneSuffices = "home-alone-suffices"
        /// A backup says that it has synced what it has only taken.
        case syncedEarly = "synced-early"
        /// A promise is given and not remembered.
        case promiseForgotten = "promise-forgotten"
        /// A node takes over without hearing of others.
        case anyoneTakesOver = "anyone-takes-over"
        /// A node takes over without what others have and it has not.
        case shorterJournalLeads = "shorter-journal-leads"
        /// A set of nodes takes the place of another one without asking that.
        case outgoingForgotten = "outgoing-forgotten"
        /// Records of a history that has ended are kept.
        case tailKept = "tail-kept"
        /// A backup goes on to take records of a home that was deposed.
        case oldEpochTaken = "old-epoch-taken"
        /// Records of older epochs count as durable before any of the home's own.
        case oldRecordsCounted = "old-records-counted"

        /// The one that is on.
        @TaskLocal package static var active: VolumeDefect?
    }
#endif
