import Resources

/// How a guest's way out is laid: what is written for the programs that lay it.
///
/// In the guest's network namespace there is one interface, of which `pasta` takes what is sent and sends it on through sockets of
/// its own. The filter and the bounds stand in front of it, in the namespace, where a guest has no rights to change them.
struct NetworkPlan {
    static let interface = "out0"
    /// What is received passes through this, since only what leaves an interface can be slowed down.
    static let returning = "in0"
    // Of a net that is reserved for documentation: nobody has these addresses.
    static let guest = "192.0.2.2"
    static let gateway = "192.0.2.1"
    /// Who answers questions for names, on the machine's behalf.
    static let resolver = "192.0.2.3"

    let network: OutboundNetwork
    /// Addresses of the machine, on which its owner's services listen.
    let own: [AddressBlock]

    /// The machine's own, links and groups: nobody is meant to be reached there through a machine.
    private static let never = blocks("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.2.0/24", "224.0.0.0/3")
    /// Nets that are private, shared or reserved for tests (RFC 6890): the owner's, if anybody's.
    private static let notPublic = blocks(
        "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24")

    private static func blocks(_ texts: String...) -> [AddressBlock] { texts.compactMap { try? AddressBlock(text: $0) } }

    /// Whether a block names addresses of a net that is closed unless it is named.
    private static func isPrivate(_ block: AddressBlock) -> Bool { notPublic.contains { $0.contains(block) } }

    /// What `nft -f` reads: everything is refused that is not let through.
    var filter: String {
        let (named, others) = (network.allow.filter(Self.isPrivate), network.allow.filter { !Self.isPrivate($0) })
        let rest = network.allow.isEmpty ? "accept" : "jump allowed"
        return """
            table inet surplus {
                chain allowed {
            \(Self.rule(others, "accept"))    }
                chain output {
                    type filter hook output priority filter; policy drop;
                    oifname "lo" accept
                    meta nfproto ipv6 \(Self.refuse)
                    ip daddr \(Self.resolver) udp dport 53 accept
            \(Self.rule(own + Self.never, Self.refuse))        tcp dport 25 \(Self.refuse)
            \(Self.rule(named, "accept"))\(Self.rule(Self.notPublic, Self.refuse))        meta l4proto { tcp, udp, icmp } \(rest)
                    \(Self.refuse)
                }
                chain input {
                    type filter hook input priority filter; policy drop;
                    iifname "lo" accept
                    meta nfproto ipv6 drop
                    tcp flags & (syn | ack) == syn drop
                    accept
                }
            }

            """
    }

    /// The program is told at once, rather than left waiting.
    private static let refuse = "reject with icmpx admin-prohibited"

    private static func rule(_ blocks: [AddressBlock], _ verdict: String) -> String {
        // overlapping blocks cannot stand in one set
        let outermost = Set(blocks).filter { one in !blocks.contains { $0 != one && $0.contains(one) } }
        guard !outermost.isEmpty else { return "" }
        return "        ip daddr { \(outermost.map(\.text).sorted().joined(separator: ", ")) } \(verdict)\n"
    }

    /// What `ip -batch` reads.
    static let links = "link add \(returning) type ifb\nlink set \(returning) up\n"

    /// What `tc -batch` reads: each direction has a bucket of tokens.
    var bounds: String {
        let bytesPerSecond = network.rate.rawValue / 8
        // the interface's largest packet fits, and so does what fast links move between two timer ticks
        let burst = max(128 << 10, bytesPerSecond / 100)
        let bucket = "root tbf rate \(network.rate.rawValue)bit burst \(burst) latency 100ms"
        return """
            qdisc replace dev \(Self.interface) \(bucket)
            qdisc add dev \(Self.returning) \(bucket)
            qdisc add dev \(Self.interface) ingress
            filter add dev \(Self.interface) parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev \(Self.returning)

            """
    }

    /// Pasta's options: IPv4 only, nothing comes in, nothing leads to the machine's own loopback.
    static let pastaOptions = [
        "--foreground", "--quiet", "--stderr", "--ipv4-only", "--config-net", "--ns-ifname", interface, "--address", guest,
        "--netmask", "24", "--gateway", gateway, "--dns-forward", resolver, "--no-map-gw", "--no-dhcp", "--no-dhcpv6", "--no-ra",
        "--no-ndp", "--tcp-ports", "none", "--udp-ports", "none", "--tcp-ns", "none", "--udp-ns", "none", "--no-netns-quit",
    ]
}
