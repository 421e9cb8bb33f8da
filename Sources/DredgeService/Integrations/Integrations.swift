internal import Dredge
internal import DredgeAWS
internal import DredgeCheck
internal import DredgeIAM
internal import DredgePolicy
internal import Foundation
internal import GRDB

/// The AWS side of organizations: the external ID that each one's roles demand, and the roles that it may name.
public struct Integrations: Sendable {
    let database: ControlDatabase
    let engine: Engine
    let configuration: ServiceConfiguration
    let principal: ServerPrincipal

    /// What an organization has.
    struct Record: Sendable {
        var externalID: String?
        var oldExternalID: String?
        var oldExternalIDUntil: Double?
        var roles: [RoleRecord]

        /// External IDs that are valid at `now`.
        func valid(at now: Double) -> [String] {
            let old = oldExternalIDUntil.map { $0 > now } ?? false ? oldExternalID : nil
            return [externalID, old].compactMap(\.self)
        }
    }

    /// A role that an organization registered.
    struct RoleRecord: Sendable {
        var arn: String
        /// `pending`, `active`, `failed` or `access_revoked`.
        var status: String
        var verified: Double?
        var verdicts: JSON?
        /// The external ID with which it let the server in last.
        var externalID: String?
    }

    // MARK: The external ID

    /// The organization's integration; makes its external ID unless there is one.
    public func mint(for caller: Caller) async throws -> JSON {
        try await database.write { db in
            try db.execute(
                sql: "UPDATE organization SET external_id = ? WHERE id = ? AND external_id IS NULL",
                arguments: [newExternalID(), caller.organization])
        }
        return try await show(for: caller)
    }

    /// The organization's integration, with the documents to paste. Throws `notFound` where no external ID was made.
    public func show(for caller: Caller) async throws -> JSON {
        let record = try await database.read { try Self.record($0, caller.organization) }
        guard let externalID = record.externalID else { throw Self.noIntegration }
        let principalARN = await principal.arn()
        return .object([
            "external_id": .string(externalID),
            "status": .string(status(record)),
            "previous_external_id_valid_until": record.oldExternalIDUntil.map {
                $0 > Date().timeIntervalSince1970 ? .string(timeText($0)) : .null
            } ?? .null,
            "principal_arn": .optional(principalARN),
            "trust_policy": try Self.trustPolicy(principalARN, record.valid(at: Date().timeIntervalSince1970)),
            "permission_policy": try permissionPolicy(),
            "roles": .array(record.roles.map(\.json)),
        ])
    }

    /// Replaces the external ID. The old one is valid for `overlap_seconds` more; by default it ends at once.
    public func rotate(_ body: JSON, for caller: Caller) async throws -> JSON {
        var fields = RequestFields(body)
        let overlap = fields.integer("overlap_seconds", in: 0...ServiceLimits.rotationOverlapSecondsMax) ?? 0
        try fields.finish()
        try await database.write { db in
            let now = Date().timeIntervalSince1970
            try db.execute(
                sql: """
                    UPDATE organization SET old_external_id = external_id, old_external_id_until = ?,
                        external_id = ? WHERE id = ? AND external_id IS NOT NULL
                    """, arguments: [now + Double(overlap), newExternalID(), caller.organization])
            guard db.changesCount == 1 else { throw Self.noIntegration }
        }
        return try await show(for: caller)
    }

    private func newExternalID() -> String {
        configuration.externalIDPrefix + RandomToken.hexadecimal(byteCount: 12)
    }

    /// Lets the server in with each of the external IDs.
    private static func trustPolicy(_ arn: String?, _ externalIDs: [String]) throws -> JSON {
        guard let arn, let principal = try? TrustedPrincipal(arn) else { return .null }
        let document = AccessPolicies.trust(principal, externalIDs: externalIDs)
        return try JSON(parsing: Data(document.compactJSON.utf8))
    }

    /// With a bucket's name to fill in.
    private func permissionPolicy() throws -> JSON {
        guard let scope = try? BucketScope(bucket: "your-bucket-name") else { return .null }
        return try JSON(parsing: Data(AccessPolicies.permissions(scope).compactJSON.utf8))
    }

    private func status(_ record: Record) -> String {
        record.roles.contains { $0.status == "active" } ? "active" : "pending"
    }

    // MARK: Roles

    /// Registers a role, verifies it with a bucket that it is to read, and says how that went.
    public func putRole(_ body: JSON, for caller: Caller) async throws -> JSON {
        let (arn, target) = try Self.target(body)
        try await database.write { db in
            let record = try Self.record(db, caller.organization)
            guard record.externalID != nil else { throw Self.noIntegration }
            guard record.roles.count < ServiceLimits.roleCountMax || record.roles.contains(where: { $0.arn == arn })
            else {
                throw ServiceError.refused(
                    .conflict, "too_many_roles", "There are \(record.roles.count) roles, which is the most.")
            }
            try db.execute(
                sql: """
                    INSERT INTO role(organization, arn, status, created) VALUES (?, ?, 'pending', ?)
                    ON CONFLICT DO NOTHING
                    """, arguments: [caller.organization, arn, Date().timeIntervalSince1970])
        }
        return try await verify(arn, target, for: caller)
    }

    /// Verifies a registered role again.
    public func verify(_ body: JSON, for caller: Caller) async throws -> JSON {
        let (arn, target) = try Self.target(body)
        return try await verify(arn, target, for: caller)
    }

    /// Takes a role away: jobs that name it are refused from now on.
    public func deleteRole(_ arn: String, for caller: Caller) async throws {
        try await database.write { db in
            try db.execute(
                sql: "DELETE FROM role WHERE organization = ? AND arn = ?", arguments: [caller.organization, arn])
            guard db.changesCount == 1 else { throw ServiceError.notFound("role") }
        }
    }

    /// A job found that the role lets nobody in any more: new jobs are refused until it is verified again. A job that
    /// still has an external ID of before a rotation tells nothing, as the role may demand the new one by now; while
    /// both are valid, both are tried.
    func noteRevoked(_ request: IndexRequest, of organization: String) async throws {
        guard let arn = request.roleARN else { return }
        let record = try await database.read { try Self.record($0, organization) }
        if record.valid(at: Date().timeIntervalSince1970).count > 1 {
            let target = Target(bucket: request.bucket, prefix: request.path, region: request.region)
            let (check, externalID) = try await check(arn, target, record)
            guard check.isRoleDenied else {
                return try await database.write { db in
                    try db.execute(
                        sql: "UPDATE role SET external_id = ifnull(?, external_id) WHERE organization = ? AND arn = ?",
                        arguments: [externalID, organization, arn])
                }
            }
        } else if request.externalID != record.externalID {
            return
        }
        try await note("access_revoked", of: arn, organization)
    }

    /// A job found that the role lets everybody in who knows its ARN: new jobs are refused until it is verified again.
    func noteOverTrust(_ request: IndexRequest, of organization: String) async throws {
        if let arn = request.roleARN { try await note("failed", of: arn, organization) }
    }

    /// What the last verification found does not hold any more.
    private func note(_ status: String, of arn: String, _ organization: String) async throws {
        try await database.write { db in
            try db.execute(
                sql: "UPDATE role SET status = ?, verdicts = NULL WHERE organization = ? AND arn = ?",
                arguments: [status, organization, arn])
        }
    }

    static let noIntegration = ServiceError.refused(
        .notFound, "not_found", "This organization has no external ID yet. POST /v2/integrations/aws makes one.")

    private struct Target: Sendable {
        var bucket: String
        var prefix: String
        var region: String?
    }

    private static func target(_ body: JSON) throws -> (arn: String, Target) {
        var fields = RequestFields(body)
        let arn = fields.requiredToken("role_arn", lengthMax: ServiceLimits.addressLengthMax)
        if !arn.isEmpty, RoleARN(arn) == nil {
            fields.complain("role_arn", "This is no role's ARN: arn:aws:iam::ACCOUNT:role/NAME.")
        }
        let target = Target(
            bucket: IndexRequest.bucket(&fields), prefix: fields.string("prefix") ?? "",
            region: fields.region("bucket_region"))
        try fields.finish()
        return (arn, target)
    }

    private func verify(_ arn: String, _ target: Target, for caller: Caller) async throws -> JSON {
        let record = try await database.read { try Self.record($0, caller.organization) }
        guard record.externalID != nil, let role = record.roles.first(where: { $0.arn == arn }) else {
            throw ServiceError.notFound("role")
        }
        let (check, externalID) = try await check(arn, target, record)
        let status = Self.status(check, before: role.status)
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let verdicts = try JSON(parsing: encoder.encode(check.forCustomer))
        try await database.write { db in
            try db.execute(
                sql: """
                    UPDATE role SET status = ?, verified = ?, verdicts = ?, external_id = ifnull(?, external_id)
                    WHERE organization = ? AND arn = ?
                    """,
                arguments: [
                    status, Date().timeIntervalSince1970, verdicts.text, externalID, caller.organization, arn,
                ])
        }
        return .object(["role_arn": .string(arn), "status": .string(status), "check": verdicts])
    }

    /// Tries the role with the external ID. After a rotation with an overlap also with the old one, where the role does
    /// not demand the new one yet.
    /// - Returns: also the external ID with which it let the server in; nil: with none.
    private func check(
        _ arn: String, _ target: Target, _ record: Record
    ) async throws -> (check: SourceCheck, externalID: String?) {
        var first: SourceCheck?
        for externalID in record.valid(at: Date().timeIntervalSince1970) {
            let source = Source(
                bucket: target.bucket, prefix: target.prefix, region: target.region,
                auth: .assumeRole([RoleHop(roleARN: arn, externalID: externalID)]),
                requireExternalID: !configuration.allowsRolesWithoutExternalID)
            let check = try await checkInTime(source)
            if !check.isRoleDenied { return (check, check.isRoleAssumed ? externalID : nil) }
            first = first ?? check
        }
        guard let first else { throw Self.noIntegration }
        return (first, nil)
    }

    /// The engine's check. Throws `unavailable` where AWS has not answered when the time is up.
    private func checkInTime(_ source: Source) async throws -> SourceCheck {
        let (engine, time) = (engine, configuration.verificationTime)
        return try await withThrowingTaskGroup(of: SourceCheck?.self) { group in
            group.addTask { try await engine.check(source) }
            group.addTask {
                try await Task.sleep(for: time)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let check = first else {
                throw ServiceError.refused(
                    .unavailable, "verification_timed_out",
                    "STS or S3 did not answer within \(time.components.seconds) seconds, so nothing is known of the "
                        + "role: it stays as it is. Verify it again later.")
            }
            return check
        }
    }

    /// What a verification says of the role itself. A bucket that it can't read is no reason to refuse it other ones,
    /// and a service that fails is none to refuse it any.
    private static func status(_ check: SourceCheck, before: String) -> String {
        if check.isRoleDenied || check.findings.contains(where: \.isFatal) { return "failed" }
        if check.verdict != .failed { return "active" }
        guard check.isRoleAssumed else { return before }
        return before == "active" ? "active" : "failed"
    }

    // MARK: Jobs

    /// Refuses a request that names a role or an external ID that are not the organization's, before AWS is asked.
    func authorize(_ request: IndexRequest, _ db: Database, organization: String) throws {
        guard let arn = request.roleARN else { return }
        let record = try Self.record(db, organization)
        let valid = record.valid(at: Date().timeIntervalSince1970)
        // All of them are compared, whichever matches.
        var isValid = false
        for externalID in valid where isEqualInConstantTime(externalID, request.externalID ?? "") { isValid = true }
        guard isValid else {
            throw ServiceError.refused(
                .forbidden, "external_id_mismatch",
                "The external_id is not this organization's. GET /v2/integrations/aws tells which it is.")
        }
        guard let role = record.roles.first(where: { $0.arn == arn }) else {
            throw ServiceError.refused(
                .forbidden, "role_not_registered",
                "The role_arn is not registered to this organization. PUT /v2/integrations/aws/role registers it.")
        }
        guard role.status == "active" else {
            throw ServiceError.refused(
                .forbidden, role.status == "access_revoked" ? "access_revoked" : "role_not_active",
                "The role is not active (\(role.status)). POST /v2/integrations/aws/verify says what to change.")
        }
    }

    static func record(_ db: Database, _ organization: String) throws -> Record {
        let row = try Row.fetchOne(
            db, sql: "SELECT external_id, old_external_id, old_external_id_until FROM organization WHERE id = ?",
            arguments: [organization])
        let roles = try Row.fetchAll(
            db,
            sql:
                """
                SELECT arn, status, verified, verdicts, external_id FROM role WHERE organization = ?
                ORDER BY created, arn
                """,
            arguments: [organization])
        return Record(
            externalID: row?[0], oldExternalID: row?[1], oldExternalIDUntil: row?[2],
            roles: try roles.map { row in
                RoleRecord(
                    arn: row[0], status: row[1], verified: row[2],
                    verdicts: try (row[3] as String?).map { try JSON(parsing: Data($0.utf8)) }, externalID: row[4])
            })
    }
}

extension Integrations.RoleRecord {
    var json: JSON {
        .object([
            "role_arn": .string(arn), "status": .string(status),
            "verified_at": .optional(verified.map(timeText)), "check": verdicts ?? .null,
        ])
    }
}

extension SourceCheck {
    /// Without what is the operator's: where the server's own credentials come from, and what they are.
    fileprivate var forCustomer: SourceCheck {
        var check = self
        for (index, step) in steps.enumerated() {
            let isOurs = step.kind == .baseCredentials
            if isOurs || step.kind == .config { check.steps[index].facts = [] }
            if isOurs, step.verdict == .failed {
                check.steps[index].facts = ["The server can't sign. Its operator has to mend that, not you."]
                (check.steps[index].causes, check.steps[index].answer, check.steps[index].trail) = ([], nil, nil)
            }
        }
        return check
    }

    /// Whether the role refused: nothing else is known to be wrong with it.
    fileprivate var isRoleDenied: Bool {
        steps.contains { $0.kind == .hop && $0.verdict == .failed && $0.answer?.code == "AccessDenied" }
    }

    fileprivate var isRoleAssumed: Bool {
        steps.contains { $0.kind == .hop && ($0.verdict == .passed || $0.verdict == .warned) }
    }
}
