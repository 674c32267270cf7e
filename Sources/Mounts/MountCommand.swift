/// The command line of a mount helper: `mount.surplus VOLUME DIRECTORY [-sfnv] [-N NAMESPACE] [-t TYPE] [-o OPTION,...]`, as mount(8)
/// calls it.
package struct MountCommand: Sendable, Hashable {
    package var volume: String
    package var directory: String
    package var options: MountOptions
    /// Everything is checked, but nothing is mounted.
    package var isFake = false
    package var isVerbose = false

    /// - Parameters:
    ///   - arguments: Without the program's name.
    ///   - own: Names of options with a value that are the program's own.
    package init(_ arguments: [String], own: Set<String> = []) throws(MountError) {
        var (words, lists, flags) = ([String](), [String](), Set<Character>())
        var (rest, takesFlags) = (arguments[...], true)
        while let argument = rest.popFirst() {
            guard takesFlags, argument.hasPrefix("-"), argument != "-" else {
                words.append(argument)
                continue
            }
            guard argument != "--" else {
                takesFlags = false
                continue
            }
            var letters = argument.dropFirst()
            while let letter = letters.popFirst() {
                if "sfnv".contains(letter) {
                    flags.insert(letter)
                    continue
                }
                guard "oNt".contains(letter) else { throw .usage("there is no option '-\(letter)'") }
                guard let value = letters.isEmpty ? rest.popFirst() : String(letters) else {
                    throw .usage("'-\(letter)' has no value")
                }
                try Self.take(letter, value, &lists)
                break
            }
        }
        guard words.count == 2 else { throw .usage(words.count < 2 ? "a volume and a directory are needed" : "too many words") }
        guard !words[0].isEmpty, !words[1].isEmpty else { throw .usage("the volume or the directory is empty") }
        (volume, directory) = (words[0], words[1])
        options = try MountOptions(lists, own: own, skipsUnknown: flags.contains("s"))
        isFake = flags.contains("f")
        isVerbose = flags.contains("v")
    }

    private static func take(_ letter: Character, _ value: String, _ lists: inout [String]) throws(MountError) {
        switch letter {
        case "o": lists.append(value)
        case "N": throw .usage("'-N' is not supported: mount from within the namespace, with nsenter --mount")
        default:
            guard value == "surplus" || value == "fuse.surplus" else { throw .usage("'-t' says '\(value)', not 'surplus'") }
        }
    }
}
