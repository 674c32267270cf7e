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

        // MARK: The blocks
        /// A copy counts that was not verified.
        case copyUnverified = "copy-unverified"
        /// A place is dropped though the others were not verified.
        case droppedUnverified = "dropped-unverified"
        /// Blocks are deleted before it is durable that they may be.
        case deletedBeforeDurable = "deleted-before-durable"
        /// Blocks that a writer may be about to put into a file are taken for waste.
        case youngSwept = "young-swept"
        /// Copies that are just made are taken for waste.
        case targetsSwept = "targets-swept"
        /// Stores are not told of the new home before it relies on them.
        case epochNotRaised = "epoch-not-raised"
        /// Blocks are put where a deletion of them may still be carried out.
        case doubtForgotten = "doubt-forgotten"
        /// What is on a node that nothing is heard of counts as a copy.
        case lostCountsAsKept = "lost-counts-as-kept"
        /// What is found to be damaged is not taken note of.
        case damageForgotten = "damage-forgotten"
        /// A node is left while writers may have put blocks there.
        case leftEarly = "left-early"

        /// The one that is on.
        @TaskLocal package static var active: VolumeDefect?
    }
#endif
