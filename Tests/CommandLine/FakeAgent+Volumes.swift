import GRPCCore
import Wire

extension FakeAgent {
    func listVolumes(request: Surplus_V1_ListVolumesRequest, context: ServerContext) async throws -> Surplus_V1_ListVolumesReply {
        .with {
            $0.volumes = [
                Self.volume,
                .with {
                    ($0.volume, $0.name, $0.home, $0.homeName) = (Sample.otherVolume, "lost", Sample.node(4), "node4")
                    ($0.epoch, $0.copies, $0.sizeBytes) = (1, 1, 1 << 30)
                },
            ]
            $0.unheard = ["node4"]
        }
    }

    func getVolume(request: Surplus_V1_VolumeRef, context: ServerContext) async throws -> Surplus_V1_VolumeStatus {
        try check()
        return .with {
            $0.volume = Self.volume
            $0.lenders = [
                Self.lender("node1", phase: "open"), Self.lender("node2", phase: "open", lease: Sample.lease),
                Self.lender("node3", phase: "leaving", lease: Sample.lease),
            ]
            $0.risk = .with {
                ($0.lackingBlocks, $0.lackingBytes) = (12, 48 << 20)
                ($0.singleBlocks, $0.singleBytes) = (3, 12 << 20)
                $0.damagedCopies = 1
            }
            $0.tasks = [
                .with {
                    ($0.kind, $0.node, $0.nodeName) = ("evacuate", Sample.node(3), "node3")
                    $0.progress = Self.progress(done: 1 << 30, of: 4 << 30)
                }
            ]
            ($0.files, $0.mostFiles) = (12_031, 1_000_000)
            $0.sessions = ["node1", "node2", "node2"].map { name in
                .with { ($0.session, $0.node, $0.name) = (Sample.session, Sample.node(of: name), name) }
            }
        }
    }

    func createVolume(request: Surplus_V1_CreateVolumeRequest, context: ServerContext) async throws -> Surplus_V1_VolumeInfo {
        state.withLock { $0.createdVolumes.append(request) }
        return Self.volume
    }

    /// There is no room for more than 100 GiB with all copies.
    func planVolume(request: Surplus_V1_CreateVolumeRequest, context: ServerContext) async throws -> Surplus_V1_VolumePlan {
        Self.plan(request.name, needed: request.sizeBytes * Int64(request.copies))
    }

    func planResize(request: Surplus_V1_ResizeVolumeRequest, context: ServerContext) async throws -> Surplus_V1_VolumePlan {
        Self.plan(request.volume, needed: request.sizeBytes)
    }

    func planEvacuation(
        request: Surplus_V1_EvacuateVolumeRequest, context: ServerContext
    ) async throws -> Surplus_V1_EvacuationPlans { .with { $0.plans = [Self.plan("media", needed: 4 << 30)] } }

    func resizeVolume(
        request: Surplus_V1_ResizeVolumeRequest, response: RPCWriter<Surplus_V1_VolumeStep>, context: ServerContext
    ) async throws { try await Self.work(response, size: request.sizeBytes) }

    /// One volume is moved, of another the home is elsewhere.
    func evacuateVolume(
        request: Surplus_V1_EvacuateVolumeRequest, response: RPCWriter<Surplus_V1_VolumeStep>, context: ServerContext
    ) async throws {
        try await Self.work(response)
        guard request.volume.isEmpty else { return }
        try await response.write(
            .with {
                ($0.volume, $0.name) = (Sample.otherVolume, "lost")
                $0.outcome = .with { $0.refusal = .with { ($0.term, $0.reason) = ("home", "the home of 'lost' is node4") } }
            })
    }

    func scrubVolume(
        request: Surplus_V1_ScrubVolumeRequest, response: RPCWriter<Surplus_V1_VolumeStep>, context: ServerContext
    ) async throws { try await Self.work(response, findings: [("blk_1 on node2", "its checksum is another one", true)]) }

    func checkVolume(
        request: Surplus_V1_CheckVolumeRequest, response: RPCWriter<Surplus_V1_VolumeStep>, context: ServerContext
    ) async throws { try await Self.work(response, findings: [("blk_2", "no node has it", false)]) }

    func takeOverVolume(
        request: Surplus_V1_TakeOverVolumeRequest, context: ServerContext
    ) async throws -> Surplus_V1_VolumeInfo { Self.volume }

    func deleteVolume(
        request: Surplus_V1_DeleteVolumeRequest, context: ServerContext
    ) async throws -> Surplus_V1_DeleteVolumeReply {
        state.withLock { $0.deletedVolumes.append(request.volume) }
        return .with {
            ($0.volume, $0.name, $0.freedBytes, $0.unheard) = (request.volume, "media", 72 << 30, ["node4"])
        }
    }

    func prepareMount(request: Surplus_V1_PrepareMountRequest, context: ServerContext) async throws -> Surplus_V1_MountPlan {
        throw RPCError(code: .failedPrecondition, message: "nothing is mounted from here")
    }

    func locateVolume(request: Surplus_V1_VolumeRef, context: ServerContext) async throws -> Surplus_V1_VolumePlace {
        .with { ($0.volume, $0.home, $0.host, $0.port) = (Sample.volume, Sample.node(1), "node1", 7800) }
    }

    // MARK: Samples

    private static let volume = Surplus_V1_VolumeInfo.with {
        ($0.volume, $0.name, $0.home, $0.homeName) = (Sample.volume, "media", Sample.node(2), "node2")
        ($0.reachable, $0.epoch, $0.copies) = (true, 3, 2)
        ($0.backups, $0.backupNames) = ([Sample.node(1), Sample.node(3)], ["node1", "node3"])
        ($0.sizeBytes, $0.usedBytes, $0.health) = (100 << 30, 36 << 30, .atRisk)
    }

    private static func lender(_ name: String, phase: String, lease: String = "") -> Surplus_V1_VolumeLender {
        .with {
            ($0.node, $0.name, $0.phase, $0.lease) = (Sample.node(of: name), name, phase, lease)
            ($0.sizeBytes, $0.usedBytes, $0.freeBytes) = (80 << 30, 24 << 30, 56 << 30)
            ($0.diskPerGibHour, $0.reason) = (5000, phase == "open" ? "" : "its owner wants the room back")
        }
    }

    private static func progress(done: Int64, of total: Int64) -> Surplus_V1_VolumeProgress {
        .with {
            ($0.step, $0.doneBlocks, $0.totalBlocks) = ("copying", UInt64(done >> 22), UInt64(total >> 22))
            ($0.doneBytes, $0.totalBytes, $0.timeLeftMicroseconds) = (done, total, 180_000_000)
        }
    }

    private static func plan(_ name: String, needed: Int64) -> Surplus_V1_VolumePlan {
        let found = min(needed, 100 << 30)
        return .with {
            ($0.name, $0.neededBytes, $0.foundBytes) = (name, needed, found)
            $0.placements = [("node1", false), ("node2", true)].map { name, isBorrowed in
                .with {
                    ($0.node, $0.name, $0.bytes, $0.freeBytes) = (Sample.node(of: name), name, found / 2, 50 << 30)
                    ($0.borrowed, $0.diskPerGibHour, $0.keepsJournal) = (isBorrowed, isBorrowed ? 5000 : 0, true)
                }
            }
            guard found < needed else { return }
            $0.refusal = .with { ($0.term, $0.reason) = ("disk", "only 100 GiB are lent") }
        }
    }

    private static func work(
        _ response: RPCWriter<Surplus_V1_VolumeStep>, size: Int64 = 100 << 30, findings: [(String, String, Bool)] = []
    ) async throws {
        func step(_ body: (inout Surplus_V1_VolumeStep) -> Void) -> Surplus_V1_VolumeStep {
            var step = Surplus_V1_VolumeStep.with { ($0.volume, $0.name) = (Sample.volume, "media") }
            body(&step)
            return step
        }
        for done in [Int64(1), 2, 4] {
            try await response.write(step { $0.progress = Self.progress(done: done << 30, of: 4 << 30) })
        }
        try await response.write(
            step {
                $0.outcome = .with {
                    ($0.progress, $0.sizeBytes) = (Self.progress(done: 4 << 30, of: 4 << 30), size)
                    $0.findings = findings.map { finding in
                        .with { ($0.subject, $0.fault, $0.mended) = finding }
                    }
                }
            })
    }
}
