internal import Dispatch

/// Runs jobs that block, each at once, on a thread of its own.
///
/// A concurrent queue of Dispatch's begins no more jobs than there are processors while those of the whole process compute, and needs
/// up to a second to notice that they only wait; others wait for these jobs. A serial queue always gets a thread.
struct OwnThreads: Sendable {
    let label: String

    func async(group: DispatchGroup? = nil, _ job: @escaping @Sendable () -> Void) {
        DispatchQueue(label: label).async(group: group, execute: job)
    }

    func asyncAfter(deadline: DispatchTime, _ job: @escaping @Sendable () -> Void) {
        DispatchQueue(label: label).asyncAfter(deadline: deadline, execute: job)
    }
}
