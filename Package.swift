// swift-tools-version: 6.2
import PackageDescription

// Modules stand in layers; a dependency may only point down. `scripts/check` holds this and the actual imports to it.

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

/// Of what computes for long in tests: their simulations take a tenth of the time.
let fast = strict + [.unsafeFlags(["-O"], .when(configuration: .debug))]

func module(
    _ name: String, path: String? = nil, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [],
    exclude: [String] = []
) -> Target {
    .target(name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources, swiftSettings: strict)
}

/// Without I/O, a clock or randomness of its own: what simulations consist of.
func pure(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: fast)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: dependencies + ["TestKit"], path: "Tests/" + name, exclude: exclude,
        swiftSettings: strict)
}

extension Target.Dependency {
    static let arguments = product(name: "ArgumentParser", package: "swift-argument-parser")
    static let log = product(name: "Logging", package: "swift-log")
    static let crypto = product(name: "Crypto", package: "swift-crypto")
    static let x509 = product(name: "X509", package: "swift-certificates")
    static let asn1 = product(name: "SwiftASN1", package: "swift-asn1")
    static let nioCore = product(name: "NIOCore", package: "swift-nio")
    static let nioPosix = product(name: "NIOPosix", package: "swift-nio")
    static let nioEmbedded = product(name: "NIOEmbedded", package: "swift-nio")
    static let nioTLS = product(name: "NIOTLS", package: "swift-nio")
    static let nioHTTP1 = product(name: "NIOHTTP1", package: "swift-nio")
    static let nioHTTP2 = product(name: "NIOHTTP2", package: "swift-nio-http2")
    static let nioHPACK = product(name: "NIOHPACK", package: "swift-nio-http2")
    static let nioSSL = product(name: "NIOSSL", package: "swift-nio-ssl")
    static let grpc = product(name: "GRPCCore", package: "grpc-swift-2")
    static let grpcTransport = product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport")
    static let grpcProtobuf = product(name: "GRPCProtobuf", package: "grpc-swift-protobuf")
    static let protobuf = product(name: "SwiftProtobuf", package: "swift-protobuf")
    static let signals = product(name: "UnixSignals", package: "swift-service-lifecycle")
    static let lifecycle = product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
    static let grdb = product(name: "GRDB", package: "GRDB.swift")
    static let sqlite = product(name: "GRDBSQLite", package: "GRDB.swift")
    static let yams = product(name: "Yams", package: "Yams")
}

let package = Package(
    name: "surplus",
    products: [
        .executable(name: "surplus", targets: ["surplus"]),
        .executable(name: "surplusd", targets: ["surplusd"]),
        .executable(name: "surplus-warden", targets: ["surplus-warden"]),
        .executable(name: "mount.surplus", targets: ["mount.surplus"]),
        .executable(name: "surplus-sim", targets: ["surplus-sim"]),
        // for tests alone: preloaded into the kernels that they start
        .library(name: "WideRegisters", type: .dynamic, targets: ["WideRegisters"]),
    ],
    traits: [
        .trait(
            name: "Defects",
            description: "Faults put in on purpose, for the test that the simulator finds them. Never in a product.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-http2", from: "1.46.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0", traits: []),
        .package(url: "https://github.com/grpc/grpc-swift-2", from: "2.4.3"),
        .package(url: "https://github.com/grpc/grpc-swift-nio-transport", from: "2.9.2"),
        .package(url: "https://github.com/grpc/grpc-swift-protobuf", from: "2.4.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C: declarations the Glibc overlay lacks, no logic; libraries of the system
        .target(name: "CLinux"),
        .systemLibrary(name: "CISAL", providers: [.apt(["libisal-dev"])]),
        .systemLibrary(name: "CFUSE", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),

        // 0: quantities, ids, instants, bounded random
        pure("Resources"),

        // 1: pure cores
        pure("Policy", ["Resources"]),
        pure("Trading", ["Resources"]),
        pure("Bookkeeping", ["Resources"]),
        pure("Accounting", ["Resources"]),
        pure("Reclaim", ["Resources"]),
        pure("Volumes", ["Resources"]),
        pure("Node", ["Resources", "Policy", "Trading", "Bookkeeping", "Accounting", "Reclaim"]),

        // 2: adapters, one kind of I/O each
        module(
            "ShippedPolicies", path: "Policies",
            resources: ["blade", "workstation", "render-farm", "closed"].map { .embedInCode("\($0).yaml") }),
        module(
            "LedgerSchema", path: "Ledger",
            resources: [
                "V0001_ledger", "V0002_ledger", "V0003_ledger", "V0004_ledger", "V0005_ledger", "V0006_ledger",
                "V0007_ledger", "V0001_audit",
            ].map {
                .embedInCode("\($0).sql")
            }),
        module("Configuration", ["Resources", "Policy", "ShippedPolicies", .yams]),
        module("LedgerStore", ["Resources", "Bookkeeping", "LedgerSchema", .grdb, .sqlite, .crypto]),
        module(
            "HistoryStore", ["Resources", "Accounting", .grdb],
            resources: [.embedInCode("Schema/V0001_history.sql"), .embedInCode("Schema/V0002_shares.sql")]),
        module("Identity", ["Resources", .crypto, .x509, .asn1]),
        module(
            "Wire",
            [
                "Resources", "CLinux", .grpc, .grpcTransport, .grpcProtobuf, .protobuf, .nioCore, .nioPosix, .nioTLS, .nioSSL,
                .nioHTTP1, .nioHTTP2, .nioHPACK, .crypto, .log,
            ], exclude: ["Protos"]),
        module("BlockStore", ["Resources", "CISAL"]),
        module("Frames", ["Resources", .nioCore, .nioPosix, .nioTLS, .nioSSL]),
        module("BlockClient", ["Resources", "Volumes", "Frames", .nioCore]),
        module("Mounts", ["Resources", "Volumes", "CFUSE", "CLinux"]),
        module(
            "VolumeStore", ["Resources", "Volumes", "CISAL", .sqlite],
            resources: [.embedInCode("Schema/V0001_state.sql"), .embedInCode("Schema/V0001_journal.sql")]),
        module("Kernel", ["Resources", "CLinux"]),
        module("Sandbox", ["Resources", "Reclaim", "Kernel", "CLinux", "CSeccomp"]),

        // 3: shells and services
        module(
            "Agent",
            [
                "Resources", "Policy", "Trading", "Bookkeeping", "Accounting", "Reclaim", "Node", "Wire", "Identity",
                "Configuration", "LedgerStore", "HistoryStore", "Kernel", "Sandbox", "Volumes", "VolumeService", "VolumeStore",
                "BlockStore", "BlockClient", "Frames", .grpc, .lifecycle, .log, .crypto, .nioCore, .nioPosix, .nioSSL, .nioHTTP1,
            ]),
        module("VolumeService", ["Resources", "Volumes", "VolumeStore", "BlockStore", "BlockClient", "Frames", .nioCore]),
        module("VolumeClient", ["Resources", "Volumes", "Frames", "Mounts", "BlockStore", "BlockClient", .nioCore, .crypto]),
        module("Warden", ["Resources", "Reclaim", "Kernel", "Sandbox", "CLinux"]),
        module("Reports", ["Resources"]),
        pure("Simulation", ["Resources", "Policy", "Trading", "Bookkeeping", "Accounting", "Reclaim", "Node", "Volumes"]),

        // 4: programs
        program("surplusd", ["Agent", "Configuration", "Resources", "Wire", .arguments, .log, .lifecycle, .signals]),
        program("surplus-warden", ["Warden", "Kernel", "Sandbox", "Resources"]),
        program(
            "surplus",
            [
                "Reports", "Configuration", "Policy", "ShippedPolicies", "Wire", "Identity", "Kernel", "Sandbox", "Resources",
                "CLinux", .arguments, .grpc,
            ]),
        program(
            "mount.surplus",
            ["VolumeClient", "Volumes", "Mounts", "Frames", "Identity", "Wire", "Resources", "CLinux", .grpc]),
        program("surplus-sim", ["Simulation", "Configuration", "Policy", "Resources", "Volumes", .arguments]),
        program(
            "surplus-bench",
            [
                "LedgerStore", "LedgerSchema", "HistoryStore", "Accounting", "Bookkeeping", "Configuration", "Policy", "Identity",
                "Kernel", "Resources", "Wire", "CLinux", .arguments, .grpc,
                .sqlite, .crypto,
            ]),

        // a shim that can leave out a defence; never installed
        .executableTarget(name: "weak-shim", dependencies: ["Sandbox"], path: "Tests/WeakShim", swiftSettings: strict),
        .target(name: "TestKit", dependencies: ["Resources", "Kernel"], path: "Tests/TestKit", swiftSettings: strict),
        .target(
            name: "FrameKit", dependencies: ["Resources", "Identity", "Frames"], path: "Tests/FrameKit", swiftSettings: strict),
        .target(name: "BlockKit", dependencies: ["Resources", "BlockStore"], path: "Tests/BlockKit", swiftSettings: strict),
        .target(
            name: "VolumeKit",
            dependencies: [
                "Resources", "Volumes", "VolumeStore", "BlockStore", "BlockClient", "Frames", "Mounts", "VolumeService",
                "VolumeClient", "Kernel", "FrameKit", .nioCore,
            ], path: "Tests/VolumeKit", swiftSettings: strict),
        // parts of a volume in processes of their own, which tests kill; never installed
        .executableTarget(
            name: "volume-process", dependencies: ["VolumeKit"], path: "Tests/VolumeProcess", swiftSettings: strict),
        .target(name: "CCalls", path: "Tests/CCalls"),
        .target(name: "WideRegisters", path: "Tests/WideRegisters"),
        tests("Resources", ["Resources"]),
        tests("Policy", ["Resources", "Policy"]),
        tests("Trading", ["Resources", "Trading"]),
        tests("Bookkeeping", ["Resources", "Bookkeeping"]),
        tests("Accounting", ["Resources", "Accounting"]),
        tests("Reclaim", ["Resources", "Reclaim"]),
        tests("Kernel", ["Resources", "Kernel"]),
        tests(
            "Warden", ["Resources", "Reclaim", "Kernel", "Sandbox", "Warden", "surplus-warden", "weak-shim"],
            exclude: ["Hostile/hostile.c"]),
        tests("Node", ["Resources", "Policy", "Trading", "Bookkeeping", "Node"]),
        tests(
            "Simulation",
            ["Resources", "Policy", "Bookkeeping", "Trading", "Configuration", "Volumes", "Simulation", "surplus-sim"]),
        tests("LedgerStore", ["Resources", "Bookkeeping", "LedgerSchema", "LedgerStore", "Reports", "surplus-bench", .grdb]),
        tests("HistoryStore", ["Resources", "Accounting", "HistoryStore", "surplus-bench", .grdb]),
        tests("Configuration", ["Resources", "Policy", "ShippedPolicies", "Configuration"]),
        tests("Reports", ["Reports", "Resources"]),
        tests("BlockStore", ["Resources", "BlockStore", "BlockKit"]),
        tests("Volumes", ["Resources", "Volumes"]),
        tests("VolumeStore", ["Resources", "Volumes", "VolumeStore"]),
        tests("Frames", ["Resources", "Frames", "FrameKit", .nioCore, .nioPosix, .nioTLS, .nioSSL, .nioEmbedded]),
        tests(
            "VolumeService",
            [
                "Resources", "Volumes", "VolumeStore", "BlockStore", "BlockClient", "Frames", "VolumeService", "VolumeClient",
                "BlockKit", "FrameKit", "VolumeKit", "volume-process", .nioCore,
            ]),
        tests(
            "VolumeClient",
            [
                "Resources", "Volumes", "VolumeStore", "BlockClient", "Frames", "Mounts", "VolumeClient", "Kernel",
                "VolumeKit", "FrameKit", "volume-process", .nioCore,
            ]),
        tests(
            "MountSurplus",
            [
                "Resources", "Volumes", "VolumeStore", "BlockStore", "Frames", "Mounts", "Identity", "Wire", "VolumeKit",
                "FrameKit", "mount.surplus", .grpc, .grpcProtobuf, .log,
            ]),
        tests("Posix", ["CCalls", "Mounts", "Resources", "VolumeKit"]),
        tests("Mounts", ["Resources", "Volumes", "Mounts"]),
        tests("Sandbox", ["CLinux", "Resources", "Kernel", "Sandbox", "surplus-warden"]),
        tests("CommandLine", ["surplus", "Reports", "Wire", "Resources", "CLinux", .grpc, .log]),
        tests("Identity", ["Resources", "Identity", .crypto, .x509, .asn1]),
        tests(
            "Wire",
            [
                "Resources", "Identity", "Wire", .grpc, .grpcTransport, .grpcProtobuf, .protobuf, .crypto, .log, .nioCore,
                .nioPosix,
                .nioTLS, .nioEmbedded,
            ]),
        tests(
            "Integration",
            ["surplus", "surplusd", "surplus-warden", "mount.surplus", "Sandbox", "Resources", "LedgerStore", "Agent"]),
        tests(
            "Agent",
            [
                "Resources", "Accounting", "Bookkeeping", "Policy", "Trading", "Node", "Configuration", "LedgerStore",
                "HistoryStore", "Identity", "Wire", "Kernel", "Sandbox", "Frames", "BlockClient", "Volumes", "VolumeService",
                "Agent", "Reports", "surplus", .grpc, .log, .crypto, .nioCore, .nioHTTP1, .nioPosix,
            ]),
    ]
)
