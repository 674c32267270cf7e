import Mounts
import Testing

@Suite("Options of a mount helper")
struct OptionTests {
    @Test("As mount(8) calls it")
    func command() throws {
        let command = try MountCommand([
            "photos", "/mnt/photos", "-v", "-n", "-o",
            "ro,allow_other,_netdev,nofail,x-systemd.automount,X-a.b=c,user=anna,noauto",
        ])
        #expect(command.volume == "photos" && command.directory == "/mnt/photos")
        #expect(command.isVerbose && !command.isFake)
        #expect(command.options.isReadOnly && command.options.access == .everybody)
        #expect(!command.options.heedsSetID && !command.options.hasDevices && command.options.runsPrograms)
        #expect(command.options.own.isEmpty)
    }

    @Test("Flags come singly or together, values with a blank or without, words anywhere")
    func flags() throws {
        let command = try MountCommand(["-fvo", "noexec", "-osync,dirsync,,noatime,", "-t", "surplus", "photos", "--", "-mnt"])
        #expect(command.isFake && command.isVerbose && command.directory == "-mnt")
        #expect(!command.options.runsPrograms && command.options.isSynchronous && command.options.hasSynchronousDirectories)
        #expect(!command.options.recordsAccess)
        #expect(try MountCommand(["photos", "/mnt"]).options == MountOptions())
        #expect(try MountOptions(["allow_root,suid,dev,exec,rw,async,relatime,defaults"]).access == .mounterAndRoot)
    }

    @Test("A program has options of its own, with values")
    func own() throws {
        let command = try MountCommand(["photos", "/mnt", "-o", "ro,socket=/run/a=b", "-osocket=/run/a=b"], own: ["socket"])
        #expect(command.options.own == ["socket": "/run/a=b"])
        #expect(throws: MountError.option("socket", fault: "has no value", remedy: "write 'socket=VALUE'")) {
            try MountOptions(["socket"], own: ["socket"])
        }
        #expect(throws: MountError.option("socket", fault: "is both 'a' and 'b'", remedy: "keep one of the two")) {
            try MountOptions(["socket=a,socket=b"], own: ["socket"])
        }
    }

    @Test(
        "What contradicts is one error",
        arguments: [
            ("ro,rw", "ro", "rw"), ("rw,noexec,ro", "rw", "ro"), ("allow_root,allow_other", "allow_root", "allow_other"),
            ("suid,nosuid", "suid", "nosuid"), ("auto,noauto", "auto", "noauto"), ("noatime,relatime", "noatime", "relatime"),
            ("dev,nodev", "dev", "nodev"), ("exec,noexec", "exec", "noexec"), ("sync,async", "sync", "async"),
        ])
    func contradiction(_ text: String, _ first: String, _ second: String) {
        let error = MountError.option(second, fault: "contradicts '\(first)'", remedy: "keep one of the two")
        #expect(throws: error) { try MountOptions([text]) }
        #expect(throws: error) { try MountCommand(["photos", "/mnt"] + text.split(separator: ",").map { "-o\($0)" }) }
    }

    @Test("The same twice is no contradiction")
    func twice() throws { #expect(try MountOptions(["ro,ro", "ro"]).isReadOnly) }

    @Test("What is unknown is one error that names what there is, unless the caller is sloppy")
    func unknown() throws {
        let error = #expect(throws: MountError.self) { try MountOptions(["ro,speed=fast"], own: ["socket"]) }
        #expect(
            error?.description
                == "option 'speed': there is no such option; leave it out; there are: ro, allow_other, allow_root, suid, dev, noexec, "
                + "noatime, sync, dirsync, socket")
        #expect(try MountCommand(["-s", "photos", "/mnt", "-o", "speed=fast,ro"]).options.isReadOnly)
        #expect(throws: MountError.option("ro", fault: "takes no value", remedy: "write 'ro' alone")) {
            try MountOptions(["ro=1"])
        }
        #expect(throws: MountError.self) { try MountOptions(["remount,ro"]) }
    }

    @Test(
        "What is no command line says how one looks",
        arguments: [
            ([], "a volume and a directory are needed"), (["photos"], "a volume and a directory are needed"),
            (["a", "b", "c"], "too many words"), (["photos", "/mnt", "-x"], "there is no option '-x'"),
            (["photos", "/mnt", "-o"], "'-o' has no value"), (["", "/mnt"], "the volume or the directory is empty"),
            (["photos", "/mnt", "-t", "ext4"], "'-t' says 'ext4', not 'surplus'"),
            (["photos", "/mnt", "--verbose"], "there is no option '--'"),
        ])
    func usage(_ arguments: [String], _ fault: String) {
        let error = #expect(throws: MountError.usage(fault)) { try MountCommand(arguments) }
        #expect(error?.description == "\(fault); usage: mount.surplus VOLUME DIRECTORY [-sfnv] [-o OPTION,...]")
    }
}
