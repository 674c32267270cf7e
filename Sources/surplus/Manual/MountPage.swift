import Resources

/// The manual page of mount.surplus in mdoc(7): that of a program which explains itself with a few lines only, as it has to stay small.
struct MountPage {
    static let fileName = "mount.surplus.8"

    private static let options = [
        ("allow_other", "Everybody may use it, as far as permissions go. Without it only who mounts it."),
        ("allow_root", "Who mounts it, and root."),
        ("ro", "Nothing is changed through this mount."),
        ("noatime", "Reading does not change times of access."),
        ("suid, dev, noexec", "As for every mount. Set-id bits and device files have no effect unless asked for."),
        ("sync, dirsync", "Each write, or each change of a directory, is durable before it is acknowledged."),
        ("agent=SOCKET", "The socket of the agent, an absolute path."),
        ("log=FILE", "Where it writes its log, an absolute path. Otherwise to syslog."),
    ]

    private static let flags = [
        ("f", "Check everything, mount nothing."), ("n", "No effect."), ("s", "Pass over options that are not known."),
        ("v", "Say what was done."),
    ]

    /// As mdoc writes it, such as `November 21, 2026`.
    let day: String

    var text: String {
        var page = Roff()
        page.macro("Dd", raw: day)
        page.macro("Dt", raw: "MOUNT.SURPLUS 8")
        page.macro("Os", "Surplus", Software.version)
        page.macro("Sh", raw: "NAME")
        page.macro("Nm", "mount.surplus")
        page.macro("Nd", "mount a shared volume")
        page.macro("Sh", raw: "SYNOPSIS")
        page.macro("Nm", "mount.surplus")
        page.words(nil, [.argument("volume"), .argument("directory")])
        page.words("Op", [.flag("-fnsv")])
        page.words("Op", [.flag("-o"), .argument("option,...")])
        description(&page)
        list(&page, "ENVIRONMENT", "Ev", [("SURPLUS_SOCKET", "The agent's socket, where no option names one.")])
        list(&page, "FILES", "Pa", [("/run/surplus/agent.sock", "The agent's socket otherwise.")])
        list(
            &page, "EXIT STATUS", "Li",
            [
                ("0", "It is mounted."), ("1", "The command line is wrong, or a right is missing."),
                ("2", "The system lacks something."), ("32", "It could not be mounted; standard error says why."),
            ])
        page.macro("Sh", raw: "EXAMPLES")
        page.literal([
            "mount -t surplus media /mnt/media", "umount /mnt/media", "",
            "# in /etc/fstab", "media  /mnt/media  surplus  _netdev,nofail,x-systemd.automount,allow_other  0 0",
        ])
        page.macro("Sh", raw: "SEE ALSO")
        page.macro("Xr", raw: "surplus-volume 1 ,")
        page.macro("Xr", raw: "fstab 5 ,")
        page.macro("Xr", raw: "mount 8")
        return page.text
    }

    private func description(_ page: inout Roff) {
        page.macro("Sh", raw: "DESCRIPTION")
        page.prose(
            "It mounts a shared volume, by its name or id, on a directory. The command mount calls it for file systems of type surplus. "
                + "It asks the agent of this machine where the volume is, mounts as root, and goes on in the background with the "
                + "rights of the agent's user until the directory is unmounted. A mount that a crash has left is taken away first."
        )
        page.macro("Bl", raw: "-tag -width Ds")
        for (flag, story) in Self.flags {
            page.words("It", [.flag("-\(flag)")])
            page.prose(story)
        }
        page.words("It", [.flag("-o"), .argument("option,...")])
        page.prose("Options of the mount, of which these have a meaning of their own here:")
        page.macro("Bl", raw: "-tag -width Ds")
        for (name, story) in Self.options {
            page.words("It", [.command(name)])
            page.prose(story)
        }
        page.macro("El")
        page.macro("El")
    }

    private func list(_ page: inout Roff, _ title: String, _ macro: String, _ entries: [(String, String)]) {
        page.macro("Sh", raw: title)
        page.macro("Bl", raw: "-tag -width Ds")
        for (name, story) in entries {
            page.macro("It \(macro)", name)
            page.prose(story)
        }
        page.macro("El")
    }
}
