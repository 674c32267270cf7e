import Glibc
import Kernel
import Resources
import Sandbox

/// Telling programs that they will be ended, so that they can save what they have.
extension JobKeeper {
    /// Tells every program under a lease.
    func give(_ notice: Notice, under lease: LeaseID) {
        for (job, known) in jobs where known.record.lease == lease && known.isAlive { give(notice, to: job) }
    }

    /// Tells the program of a job, or sees to it that it finds the notice when it comes up.
    func give(_ notice: Notice, to job: JobID) {
        jobs[job]?.notice = notice
        deliverNotice(to: job)
    }

    /// The file first: who has got the signal finds it. A program that has its notice already, as from a former warden, is not
    /// signalled again.
    func deliverNotice(to job: JobID) {
        guard let known = jobs[job], let notice = known.notice else { return }
        let files = state.files(of: job)
        do throws(KernelError) {
            let given = try files.givenNotice()
            switch known.phase {
            case .handingOver, .attaching: return  // once it runs
            case .prepared: try files.write(notice)
            case .running(var watch):
                try files.write(notice)
                guard given == nil else { break }
                watch.send(.signal(SIGTERM))
                jobs[job]?.phase = .running(watch)
                log.write("job.noticed", ["job": job, "reason": notice.reason])
            case .exited, .lost: break
            }
        } catch { log.write("job.unnoticed", ["job": job, "error": error]) }
        jobs[job]?.notice = nil
    }
}
