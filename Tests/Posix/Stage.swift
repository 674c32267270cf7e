import CCalls
import Foundation
import Synchronization

/// Where rules are checked: a directory of a file system, for one account after the other.
struct Stage: Sendable {
    /// Where everybody may look, and nobody but root writes.
    let directory: String
    /// The same, mounted read-only.
    let readOnly: String?

    /// Checks the rules of a table that hold here, on a thread of its own.
    ///
    /// - Returns: what does not hold, each with the rule and the account, and how many were checked.
    func check(_ table: RuleTable, besides place: Rule.Place) async -> (faults: [String], count: Int) {
        await withCheckedContinuation { done in
            Thread.detachNewThread {
                // Threads begin in the working directory of who begins them: another one than that which changes it goes on with others.
                let (result, hasEnded) = (Box(), DispatchSemaphore(value: 0))
                Thread.detachNewThread {
                    result.value.withLock { $0 = checkHere(table, besides: place) }
                    hasEnded.signal()
                }
                hasEnded.wait()
                done.resume(returning: result.value.withLock { $0 })
            }
        }
    }

    private final class Box: Sendable {
        let value = Mutex<(faults: [String], count: Int)>(([], 0))
    }

    private func checkHere(_ table: RuleTable, besides place: Rule.Place) -> (faults: [String], count: Int) {
        guard calls_unshare_directory() == 0 else { return (["no working directory of its own: \(Fault.name(of: errno))"], 0) }
        var (faults, count) = ([String](), 0)
        defer { chdir("/") }
        for rule in table.rules where rule.place != place {
            for account in rule.accounts {
                count += 1
                do {
                    try check(rule, account, "\(table)-\(count)")
                } catch {
                    faults.append("\(table): \(rule.name) (by \(account)): \(error)")
                }
            }
        }
        return (faults, count)
    }

    private func check(_ rule: Rule, _ account: Account, _ name: String) throws {
        try Account.root.enter()
        let name = name.map { $0.isLetter || $0.isNumber ? String($0) : "-" }.joined()
        umask(0)
        let directory = directory + "/" + name
        try sys("mkdir") { mkdir(directory, 0o755) }
        try sys("chown") { chown(directory, account.user, account.group) }
        try sys("chdir") { chdir(directory) }
        umask(0o022)
        try account.enter()
        defer { try? Account.root.enter() }
        try rule.check(Scene(account: account, directory: directory, readOnly: readOnly.map { $0 + "/" + name }))
    }
}
