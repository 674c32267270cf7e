/// Why an operation on a file is refused, as system calls say it.
///
/// Raw values are those of Linux on every architecture that Swift runs on (asm-generic/errno.h).
package enum PosixError: Int32, Error, Hashable, Sendable, Codable {
    case notPermitted = 1
    case noEntry = 2
    case interrupted = 4
    case inputOutput = 5
    case noSuchAddress = 6
    case badDescriptor = 9
    case tryAgain = 11
    case accessDenied = 13
    case busy = 16
    case exists = 17
    case crossDevice = 18
    case noSuchDevice = 19
    case notDirectory = 20
    case isDirectory = 21
    case invalid = 22
    case textBusy = 26
    case fileTooLarge = 27
    case noSpace = 28
    case readOnly = 30
    case tooManyLinks = 31
    case outOfRange = 34
    case deadlock = 35
    case nameTooLong = 36
    case noLocks = 37
    case notEmpty = 39
    case tooManyLevels = 40
    case noData = 61
    case protocolFault = 71
    case overflow = 75
    case notSupported = 95
    case timedOut = 110
    case stale = 116
    case quotaExceeded = 122
    case canceled = 125
}
