import GRPCCore
import Wire

// Shared volumes.

extension ControlService {
    func listVolumes(
        request: ServerRequest<Surplus_V1_ListVolumesRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_ListVolumesReply> {
        try await answer { try await agent.pool().listVolumes() }
    }

    func getVolume(
        request: ServerRequest<Surplus_V1_VolumeRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumeStatus> {
        try await answer { try await agent.pool().volumeStatus(request.message.volume) }
    }

    func createVolume(
        request: ServerRequest<Surplus_V1_CreateVolumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumeInfo> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().createVolume(request.message, by: user) }
    }

    func planVolume(
        request: ServerRequest<Surplus_V1_CreateVolumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumePlan> {
        try await answer { try await agent.pool().planVolume(request.message) }
    }

    func resizeVolume(
        request: ServerRequest<Surplus_V1_ResizeVolumeRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_VolumeStep> {
        let user = try context.callingUser()
        let pool = try await agent.pool()
        return stream { try await pool.resizeVolume(request.message, by: user, $0) }
    }

    func planResize(
        request: ServerRequest<Surplus_V1_ResizeVolumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumePlan> {
        try await answer { try await agent.pool().planResize(request.message) }
    }

    func evacuateVolume(
        request: ServerRequest<Surplus_V1_EvacuateVolumeRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_VolumeStep> {
        let user = try context.callingUser()
        let pool = try await agent.pool()
        return stream { try await pool.evacuateVolumes(request.message, by: user, $0) }
    }

    func planEvacuation(
        request: ServerRequest<Surplus_V1_EvacuateVolumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_EvacuationPlans> {
        try await answer { try await agent.pool().planEvacuation(request.message) }
    }

    func scrubVolume(
        request: ServerRequest<Surplus_V1_ScrubVolumeRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_VolumeStep> {
        let user = try context.callingUser()
        let pool = try await agent.pool()
        return stream { try await pool.scrubVolume(request.message, by: user, $0) }
    }

    func checkVolume(
        request: ServerRequest<Surplus_V1_CheckVolumeRequest>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_VolumeStep> {
        let user = try context.callingUser()
        let pool = try await agent.pool()
        return stream { try await pool.checkVolume(request.message, by: user, $0) }
    }

    func takeOverVolume(
        request: ServerRequest<Surplus_V1_TakeOverVolumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumeInfo> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().takeOverVolume(request.message, by: user) }
    }

    func deleteVolume(
        request: ServerRequest<Surplus_V1_DeleteVolumeRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_DeleteVolumeReply> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().deleteVolume(request.message, by: user) }
    }

    func prepareMount(
        request: ServerRequest<Surplus_V1_PrepareMountRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_MountPlan> {
        let user = try context.callingUser()
        return try await answer { try await agent.pool().prepareMount(request.message, by: user) }
    }

    func locateVolume(
        request: ServerRequest<Surplus_V1_VolumeRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumePlace> {
        try await answer { try await agent.pool().locateVolume(request.message.volume) }
    }
}
