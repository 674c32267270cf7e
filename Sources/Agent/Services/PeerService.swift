import Configuration
import GRPCCore
import Identity
import Node
import Policy
import Resources
import Trading
import Wire

/// What other members of the pool may call. Handlers decode, ask the domain, encode; who calls is known from the certificate.
struct PeerService: Surplus_V1_Peer.ServiceProtocol {
    let membership: PoolMembership

    func hello(
        request: ServerRequest<Surplus_V1_PeerHello>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_PeerHello> {
        let peer = try context.callingPeer()
        let hello = request.message
        guard hello.versionMin <= ProtocolVersion.newest, hello.versionMax >= ProtocolVersion.oldest else {
            throw RPCError(
                code: .failedPrecondition,
                message: "this node speaks protocol versions \(ProtocolVersion.oldest) to \(ProtocolVersion.newest), the caller "
                    + "\(hello.versionMin) to \(hello.versionMax): upgrade the older of the two")
        }
        try membership.peers.saw(peer, saying: hello)
        return ServerResponse(message: membership.hello)
    }

    func deliver(
        request: StreamingServerRequest<Surplus_V1_TradeMessage>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_DeliverEnd> {
        let peer = try context.callingPeer()
        membership.peers.saw(peer)
        for try await message in request.messages { membership.take(try TradeMessage(message), from: peer) }
        return ServerResponse(message: Surplus_V1_DeliverEnd())
    }

    // MARK: Membership

    func renewCertificate(
        request: ServerRequest<Surplus_V1_RenewRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_CertificateReply> {
        let peer = try context.callingPeer()
        return try await explaining {
            let csr = try CertificateRequest(untrusted: Array(request.message.certificateRequest))
            let address = try Field.text(request.message.address, atMost: Member.longestAddress, "address")
            let (chain, record) = try await membership.issuer.renew(peer, request: csr, address: address)
            return .with {
                $0.chain = chain.map { .init($0) }
                if let record { $0.member = Surplus_V1_MemberRecord(record) }
            }
        }
    }

    func issueAuthority(
        request: ServerRequest<Surplus_V1_RenewRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_CertificateReply> {
        let peer = try context.callingPeer()
        return try await explaining {
            let csr = try CertificateRequest(untrusted: Array(request.message.certificateRequest))
            let certificate = try await membership.issuer.authorise(peer, request: csr)
            return .with { $0.chain = [.init(certificate)] }
        }
    }

    func leave(
        request: ServerRequest<Surplus_V1_LeaveRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_MemberRecord> {
        let peer = try context.callingPeer()
        return try await explaining {
            let record = try await membership.issuer.state(peer) { $0.status = .left }
            _ = await membership.sync.announce(record, skipping: peer)
            return Surplus_V1_MemberRecord(record)
        }
    }

    func syncMembers(
        request: ServerRequest<Surplus_V1_SyncMembersRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_MemberRecords> {
        let peer = try context.callingPeer()
        membership.peers.saw(peer)
        try Field.count(request.message.known, atMost: Roster.capacity, "known")
        try Field.count(request.message.news, atMost: 1000, "news")
        try Field.count(request.message.knownUsers, atMost: UserRoster.capacity, "known_users")
        try Field.count(request.message.userNews, atMost: 1000, "user_news")
        let known = try request.message.known.map(Knowledge<Member>.init)
        let knownUsers = try request.message.knownUsers.map(Knowledge<PoolUser>.init)
        await membership.sync.merge(request.message.news, from: peer)
        await membership.sync.merge(users: request.message.userNews, from: peer)
        let records = membership.roster.records(beyond: known, atMost: WireLimits.message / 2)
        let users = membership.roster.users.records(beyond: knownUsers, atMost: WireLimits.message / 4)
        return ServerResponse(
            message: .with {
                $0.records = records.map(Surplus_V1_MemberRecord.init)
                $0.users = users.map(Surplus_V1_MemberRecord.init)
            })
    }

    // MARK: Trade

    func quote(
        request: ServerRequest<Surplus_V1_QuoteRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_QuoteReply> {
        let peer = try context.callingPeer()
        if request.message.hasProposal {
            let proposal = try Proposal(request.message.proposal)
            let answer = membership.engine.read { $0.preview(of: proposal, from: peer, at: membership.engine.now) }
            return ServerResponse(message: .with { $0.answer = Surplus_V1_Answer(answer) })
        }
        let amounts = try Amounts(request.message.amounts, "amounts")
        let term = request.message.termMicroseconds
        return ServerResponse(
            message: membership.quote(
                to: peer, amounts: amounts, term: term > 0 ? try Field.term(term, "term_microseconds") : nil,
                notice: try NoticeClass(least: request.message.leastNotice, "least_notice"),
                start: try Terms.start(request.message.startAt, "start_at")))
    }

    func tellStory(
        request: ServerRequest<Surplus_V1_StoryRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_StoryReply> {
        let peer = try context.callingPeer()
        return try await explaining { try membership.story(of: request.message.id, for: peer) }
    }

    // MARK: Jobs

    func stageInputs(
        request: StreamingServerRequest<Surplus_V1_StagePart>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_StageReply> {
        ServerResponse(message: try await membership.hosting.stage(request.messages, for: try context.callingPeer()))
    }

    func startJob(
        request: ServerRequest<Surplus_V1_StartJobRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_JobInfo> {
        ServerResponse(message: try await membership.hosting.start(request.message, for: try context.callingPeer()))
    }

    func attachJob(
        request: StreamingServerRequest<Surplus_V1_JobInput>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_JobOutput> {
        let peer = try context.callingPeer()
        return StreamingServerResponse { writer in
            try await membership.hosting.attach(request.messages, for: peer) { try await writer.write($0) }
            return [:]
        }
    }

    func getJob(
        request: ServerRequest<Surplus_V1_JobRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_JobInfo> {
        ServerResponse(message: try await membership.hosting.info(request.message, for: try context.callingPeer()))
    }

    func collectOutputs(
        request: ServerRequest<Surplus_V1_JobRef>, context: ServerContext
    ) async throws -> StreamingServerResponse<Surplus_V1_FilePart> {
        let peer = try context.callingPeer()
        return StreamingServerResponse { writer in
            try await membership.hosting.collect(request.message, for: peer) { try await writer.write($0) }
            return [:]
        }
    }

    func discardJob(
        request: ServerRequest<Surplus_V1_JobRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_JobInfo> {
        ServerResponse(message: try await membership.hosting.discard(request.message, for: try context.callingPeer()))
    }

    // MARK: History

    func getUsage(
        request: ServerRequest<Surplus_V1_UsageRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_UsageReply> {
        let peer = try context.callingPeer()
        return try await explaining { try await membership.usage(request.message, for: peer) }
    }

    // MARK: Volumes

    func listKeptVolumes(
        request: ServerRequest<Surplus_V1_KeptVolumesRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_KeptVolumesReply> {
        membership.peers.saw(try context.callingPeer())
        let kept = await membership.volumes.kept().prefix(PoolVolumes.most)
        return ServerResponse(
            message: .with {
                $0.volumes = kept.map(Surplus_V1_KeptVolume.init)
                $0.deleted = membership.volumes.deleted.all.map(Surplus_V1_DeletedVolume.init)
            })
    }

    func getVolume(
        request: ServerRequest<Surplus_V1_VolumeRef>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_VolumeStatus> {
        membership.peers.saw(try context.callingPeer())
        return try await explaining { try await membership.ownVolume(request.message.volume) }
    }

    private func explaining<Message>(_ body: () async throws -> Message) async throws -> ServerResponse<Message> {
        do { return ServerResponse(message: try await body()) } catch { throw RPCError(explaining: error) }
    }
}

/// Takes in newcomers, who have a token but no certificate yet.
struct EnrolmentService: Surplus_V1_Enrolment.ServiceProtocol {
    let membership: PoolMembership

    func enrol(
        request: ServerRequest<Surplus_V1_EnrolRequest>, context: ServerContext
    ) async throws -> ServerResponse<Surplus_V1_EnrolReply> {
        do {
            let newcomer = try await membership.issuer.enrol(request.message)
            _ = await membership.sync.announce(newcomer.record, skipping: newcomer.id)
            let identity = membership.gate.current
            return ServerResponse(
                message: .with {
                    $0.node = newcomer.id.description
                    $0.pool = identity.pool.description
                    $0.poolName = identity.poolName
                    $0.chain = newcomer.chain.map { .init($0) }
                    $0.root = .init(identity.root)
                    $0.members = membership.roster.records(beyond: [], atMost: WireLimits.message / 2).map(
                        Surplus_V1_MemberRecord.init)
                })
        } catch { throw RPCError(explaining: error) }
    }
}

/// What this program can do beyond the oldest version of the protocol that it speaks; said in every hello.
enum Feature: String, CaseIterable {
    /// Promises capacity for a term that begins later.
    case start
    /// Tells its side of the story of something.
    case story
    /// Holds jobs to a time limit.
    case timeLimit = "time-limit"
    /// Runs jobs in images that its owner offers.
    case image
    /// Connects jobs to a network where its owner allows it.
    case network
    /// Nets debts around cycles.
    case netting
    /// Compares ledgers, and signs what both have.
    case reconciliation
    /// Keeps disputes, and signs the steps towards their ends.
    case disputes
    /// Lets credits that stand idle become less, where both policies say so.
    case decay
    /// Lends and borrows disk.
    case disk
    /// Tells which volumes it keeps.
    case volumes

    /// The most that are read of a peer's.
    static let most = 64
}

/// The versions of the protocol between agents that this program speaks.
enum ProtocolVersion {
    static let oldest: UInt32 = 1
    static let newest: UInt32 = 1
}

extension RPCError {
    /// Gives a domain error to the caller with its own words.
    init(explaining error: any Error) {
        switch error {
        // A peer that is away must not look to the caller as if this agent were.
        case let error as RPCError where !error.isAnswer:
            self = RPCError(code: .failedPrecondition, message: "a peer could not be asked: \(error.message)")
        // What came with a peer's answer belongs to that call, and some of it may not be sent in another.
        case let error as RPCError: self = RPCError(code: error.code, message: error.message)
        case let error as ConfigurationError: self = RPCError(code: .invalidArgument, message: error.report)
        case let error as IdentityError where error.isUsage: self = RPCError(code: .invalidArgument, message: "\(error)")
        case let error as FieldError: self = RPCError(code: .invalidArgument, message: "\(error)")
        case let refusal as Refusal:
            self = RPCError(code: .failedPrecondition, message: refusal.reason)
        default: self = RPCError(code: .failedPrecondition, message: "\(error)")
        }
    }
}
