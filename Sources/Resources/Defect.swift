#if Defects
    /// Faults that are put into the decision code on purpose, one at a time, to see that the simulator finds them. Only builds
    /// with the package's trait `Defects` have them, which is for that test alone.
    package enum Defect: String, CaseIterable, Sendable {
        /// A lease that is closed can be closed again by a message that comes twice.
        case closedTwice = "closed-twice"
        /// What a receipt comes to is posted again by the lender.
        case settledTwice = "settled-twice"
        /// A borrower that has restarted no longer watches the ends of its leases.
        case openAfterRestart = "open-after-restart"
        /// What exceeds the threshold is taken for what does not.
        case thresholdReversed = "threshold-reversed"
        /// Giving back a reservation changes one of its two accounts.
        case oneSidedEntry = "one-sided-entry"
        /// A borrower rounds what it owes up.
        case roundedUp = "rounded-up"
        /// Capacity that is offered is offered to the next one, too.
        case offeredTwice = "offered-twice"
        /// What is reserved does not count against a limit.
        case limitsForgetReservations = "limits-forget-reservations"
        /// A grant is told before it is recorded.
        case grantNotRecorded = "grant-not-recorded"
        /// What a settled lease still holds is never given back.
        case reservationKept = "reservation-kept"
        /// Taking a lease back waits for the borrower.
        case reclaimWaits = "reclaim-waits"
        /// Of a batch of records that a crash cut off, the half that was written is kept.
        case halfBatchKept = "half-batch-kept"
        /// A borrower takes its renewal for granted.
        case renewalPresumed = "renewal-presumed"
        /// When one of several nodes declines, the leases of the others are kept.
        case partKept = "part-kept"
        /// Anybody can give back anybody's lease.
        case strangersRelease = "strangers-release"
        /// Meters are believed, whatever they say.
        case metersBelieved = "meters-believed"
        /// A pause is said and not kept.
        case pauseIgnored = "pause-ignored"
        /// What is promised firmly already does not count when more is promised.
        case firmPromisesForgotten = "firm-promises-forgotten"
        /// A firm lease is taken back after the notice of a standard one.
        case firmNoticeCut = "firm-notice-cut"
        /// What a creditor has used of what it is owed in kind is not taken off on its own side.
        case redemptionForgotten = "redemption-forgotten"
        /// A change of an obligation that was agreed to is refused when it is asked for once more.
        case wordForgotten = "word-forgotten"
        /// What a creditor drops of what is in dispute is taken off once more when it is told again.
        case disputeResolvedTwice = "dispute-resolved-twice"
        /// A guest gets more than its lease has.
        case ceilingDoubled = "ceiling-doubled"
        /// A member of a netting posts when it signs, whatever is decided.
        case nettingPostedAtPrepare = "netting-posted-at-prepare"
        /// A member of a netting that is not told what was decided gives it up by itself.
        case nettingDoubtGivenUp = "netting-doubt-given-up"
        /// What is reserved for leases of a rule does not count against its budget.
        case budgetForgetsReservations = "budget-forgets-reservations"
        /// A netting is told to be committed before that is recorded.
        case nettingNotRecorded = "netting-not-recorded"
        /// A creditor's ledger has more for some of what was settled than both have signed, and the same balances.
        case settledEntryAltered = "settled-entry-altered"

        /// A borrower that swaps has what it gets, and does not give what it promised in return.
        case swapHalved = "swap-halved"
        /// When one half of a swap ends, the other goes on to the end of its term.
        case returnOutlives = "return-outlives"
        /// What is left when both halves of a swap are settled is not moved to what is owed.
        case swapRestKept = "swap-rest-kept"

        /// A debtor takes what its creditor has agreed to lose off twice.
        case decayBookedTwice = "decay-booked-twice"

        /// The one that is on.
        @TaskLocal package static var active: Defect?
    }
#endif
